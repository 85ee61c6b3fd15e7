"""What a source of calls may say: packages, which of their files are read, and how they become conversations."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, model_validator

from fc_model.config.strict import Strict
from fc_pipeline.catalogue.entry import Entry, Pin, parse_entry
from fc_pipeline.catalogue.files import MAX_FILE_BYTES, MAX_TOTAL_BYTES

Words = list[Annotated[str, Field(min_length=1, max_length=200)]]


class _Schemas(Strict):
    """How much of a tool's documentation its schema has, so that it fits a small context."""

    max_parameters: int = Field(default=6, ge=0, description="of a tool; required ones and those of the call always")
    max_description: int = Field(default=120, ge=0, description="characters of a description, whole words")
    max_enum: int = Field(default=12, ge=1, description="a longer list of values is left out of the schema")


class AwsCli(_Schemas):
    """Examples of the AWS command line interface, with the schemas of botocore's service models."""

    format: Literal["aws_cli"]


class GoogleDiscovery(_Schemas):
    """Methods of Google's discovery documents; values are those that the documents have."""

    format: Literal["google_discovery"]
    max_methods: int = Field(default=20, ge=1, description="of an API, drawn by the seed")


class _Sentences(Strict):
    """How sentence templates become sentences."""

    samples: int = Field(default=3, ge=1, le=100, description="sentences that are drawn of a template")
    max_templates: int = Field(default=40, ge=1, description="of an intent, drawn by the seed")
    values: dict[str, Words] = Field(default={}, description="{slot list: values}, where the package has none")


class HomeAssistant(_Sentences):
    """Intents of Home Assistant, whose templates are in hassil's language."""

    format: Literal["home_assistant"]
    names: dict[str, Words] = Field(default={}, description="{domain: names of devices}, such as light")
    skills: dict[str, list[str]] = Field(
        default={},
        description="{skill: globs of intents}, of skills that do nothing of each other's; others are `general`",
    )


class OvosSkill(_Sentences):
    """Intents of skills of OpenVoiceOS: a template a line."""

    format: Literal["ovos_skill"]


Calls = Annotated[AwsCli | GoogleDiscovery | HomeAssistant | OvosSkill, Field(discriminator="format")]


class Offered(Strict):
    """The tools that a conversation has."""

    least_others: int = Field(default=2, ge=0, description="beside the one that is called")
    most_others: int = Field(default=4, ge=0, le=64)
    no_fit: float = Field(default=0.15, ge=0, le=1, description="share of requests that come again without their tool")
    max_characters: int = Field(default=6000, gt=0, description="of a conversation as JSON; others go until it fits")
    seed: int = Field(default=0, ge=0, description="of whatever is drawn")

    @model_validator(mode="after")
    def _ordered(self) -> "Offered":
        if self.least_others > self.most_others:
            raise ValueError("least_others is above most_others")
        return self


class CallFile(Strict):
    """Which files of the packages to read."""

    glob: str = Field(description="path inside a package; `*` within a folder, `**` across folders, `{a,b}` choices")
    exclude: list[str] = Field(default=[], description="globs of files to leave out")


class CallSource(Entry):
    """Packages of one licence that are read together."""

    packages: list[Annotated[Pin, Field(discriminator="kind")]] = Field(min_length=1)
    files: list[CallFile] = Field(min_length=1)
    calls: Calls
    offered: Offered = Field(default_factory=Offered)
    max_file_bytes: int = Field(default=MAX_FILE_BYTES, gt=0, description="a larger file is quarantined")
    max_total_bytes: int = Field(default=MAX_TOTAL_BYTES, gt=0, description="cap on all that a package unpacks to")
    max_bad_rate: float = Field(default=0.01, ge=0, le=1, description="part that may be quarantined; one always may")

    @property
    def kind(self) -> str:
        """Of its packages."""
        return self.packages[0].kind


_ADAPTER: TypeAdapter[CallSource] = TypeAdapter(CallSource)


def parse_call_source(raw: Any, where: str) -> CallSource:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    return parse_entry(_ADAPTER, raw, where)
