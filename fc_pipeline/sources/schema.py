"""What a source may say, one model a kind. Unknown fields are refused."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from fc_model.errors import UserError

Domain = Literal["science", "data", "code", "chess", "chat"]
Format = Literal[
    "chatterbot", "csv", "docstrings", "gallery", "ipynb", "json", "jsonl", "md", "parquet", "pgn", "py", "rst", "txt"
]
RECORD_FORMATS = {"csv", "json", "jsonl", "parquet"}
"""Formats that hold many records a file and so need `fields`."""

MEBIBYTE = 1 << 20


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Grouping(Strict):
    """Joins short records that belong together into one document."""

    by: str = Field(description="field whose value the records of a group share")
    title: str = Field(description="template of the document's first line, filled from the group's first record")
    size: int = Field(default=40, gt=0, description="records a document at most")


class RecordFields(Strict):
    """How a record becomes a document."""

    text: str = Field(
        description="template: {name} is the record's field ({a.b} of a nested one), {_key} its key; a list gives "
        "'- ' lines, with {name|words} words, and a list of lists paragraphs; lines with only empty fields are left out"
    )
    records: str | None = Field(default=None, description="json: dotted name of the list or object of records inside")
    key: str | None = Field(default=None, description="field that identifies the record; default: its key or number")
    meta: list[str] = Field(default=[], description="fields to keep in the document's meta")
    require: list[str] = Field(default=[], description="a record where one of these is missing or empty is dropped")
    remove: list[str] = Field(default=[], description="regular expressions of markup to take out of the text")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="of csv files")
    group: Grouping | None = None


class FileSpec(Strict):
    """Which files of a source to read, and how."""

    glob: str = Field(description="path inside the source; `*` within a folder, `**` across folders, `{a,b}` choices")
    format: Format
    exclude: list[str] = Field(default=[], description="globs of files to leave out")
    fields: RecordFields | None = Field(default=None, description="for csv, json, jsonl and parquet")
    domain: Domain | None = Field(default=None, description="overrides the source's domain")

    @model_validator(mode="after")
    def _fields_where_needed(self) -> "FileSpec":
        if (self.format in RECORD_FORMATS) != (self.fields is not None):
            raise ValueError(f"format {self.format} {'needs' if self.fields is None else 'takes no'} `fields`")
        return self


class _Source(Strict):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$", description="name of the source; its key is sources/<name>")
    licence: str = Field(description="SPDX identifier of the licence of the text, as the source states it")
    domain: Domain
    files: list[FileSpec] = Field(min_length=1)
    max_bytes: int | None = Field(
        default=None, gt=0, description="cap on the bytes of the files read, spread over the source by hash of path"
    )
    max_file_bytes: int = Field(default=128 * MEBIBYTE, gt=0, description="a larger file is an error (zip bomb)")
    max_total_bytes: int = Field(default=4096 * MEBIBYTE, gt=0, description="cap on all that is unpacked")


class PypiSource(_Source):
    """A wheel or sdist of the configured package index. Its code is never run."""

    kind: Literal["pypi"]
    project: str
    version: str
    file: str = Field(pattern=r"^[^/\\]+\.(whl|tar\.gz|zip)$", description="file name of the wheel or sdist")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class InstalledSource(_Source):
    """Files of a distribution that this environment has installed."""

    kind: Literal["installed"]
    distribution: str
    version: str | None = Field(default=None, description="filled in when the graph is built: part of the identity")


class LocalFile(Strict):
    path: str
    bytes: int
    sha256: str


class LocalSource(_Source):
    """Files of a folder on this machine, such as an inbox."""

    kind: Literal["local"]
    folder: str = Field(description="absolute, or relative to the working directory (as FC_HOME is)")
    content: list[LocalFile] | None = Field(
        default=None, description="filled in when the graph is built: a changed file changes the identity"
    )


class HubSource(_Source):
    """Shards of a data set of the Hugging Face hub, or of a server with its layout (HF_ENDPOINT)."""

    kind: Literal["hub"]
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = Field(description="commit (40 hex); a branch is refused when the source is read")


Source = Annotated[PypiSource | InstalledSource | LocalSource | HubSource, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Source] = TypeAdapter(Source)


def parse_source(raw: Any, where: str) -> Source:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    try:
        return _ADAPTER.validate_python(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
        )
        raise UserError(f"{where}: {problems}") from error
