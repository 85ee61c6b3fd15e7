"""What a source of conversations may say, one model a kind of pin. Unknown fields are refused."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from fc_model.config.strict import Strict
from fc_pipeline.catalogue.entry import Entry, HttpPin, HubPin, InstalledPin, LocalPin, PypiPin, parse_entry
from fc_pipeline.catalogue.files import MAX_FILE_BYTES, MAX_TOTAL_BYTES
from fc_pipeline.sources.schema import MAX_RECORD_BYTES

Format = Literal["alpaca", "chatterbot", "messages", "sharegpt"]


class FileSpec(Strict):
    """Which files of a source to read, and how."""

    glob: str = Field(description="path inside the source; `*` within a folder, `**` across folders, `{a,b}` choices")
    format: Format = Field(description="of the records; JSON, JSON lines or parquet is told by the file, as is packing")
    exclude: list[str] = Field(default=[], description="globs of files to leave out")
    columns: dict[str, str] = Field(
        default={}, description="{column of the format: what it is called here}, as {instruction: prompt}"
    )


class _Source(Entry):
    files: list[FileSpec] = Field(min_length=1)
    max_file_bytes: int = Field(default=MAX_FILE_BYTES, gt=0, description="a larger list of records is refused")
    max_total_bytes: int = Field(default=MAX_TOTAL_BYTES, gt=0, description="cap on all that is unpacked")
    max_record_bytes: int = Field(default=MAX_RECORD_BYTES, gt=0, description="a longer record is quarantined")
    max_bad_rate: float = Field(default=0.01, ge=0, le=1, description="part that may be quarantined; one always may")


class PypiConversations(_Source, PypiPin):
    """Conversations in a wheel or sdist."""


class InstalledConversations(_Source, InstalledPin):
    """Conversations in an installed distribution."""


class LocalConversations(_Source, LocalPin):
    """Conversations in a folder."""


class HttpConversations(_Source, HttpPin):
    """Conversations at addresses of the web."""


class HubConversations(_Source, HubPin):
    """Conversations of a data set of the hub."""


ConversationSource = Annotated[
    PypiConversations | InstalledConversations | LocalConversations | HttpConversations | HubConversations,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[ConversationSource] = TypeAdapter(ConversationSource)


def parse_source(raw: Any, where: str) -> ConversationSource:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    return parse_entry(_ADAPTER, raw, where)
