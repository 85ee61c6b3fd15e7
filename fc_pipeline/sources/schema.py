"""What a source may say, one model a kind. Unknown fields are refused."""

from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from fc_model.errors import UserError
from fc_pipeline.sources.download.globs import is_plain

Domain = Literal["science", "data", "code", "chess", "chat"]
Format = Literal[
    "chatterbot", "csv", "docstrings", "gallery", "html", "ipynb", "json", "jsonl", "md", "parquet", "pdf", "pgn",
    "py", "r_help", "rst", "torre_lesson", "txt",
]  # fmt: skip
RECORD_FORMATS = {"csv", "json", "jsonl", "parquet"}
"""Formats that hold many records a file and so need `fields`."""
TYPED_FORMATS = {"jsonl", "parquet"}
"""Formats whose records may be held to a `schema`."""

MEBIBYTE = 1 << 20


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


class Grouping(Strict):
    """Joins short records that belong together into one document."""

    by: str = Field(description="field whose value the records of a group share")
    title: str = Field(description="template of the document's first line, filled from the group's first record")
    size: int = Field(default=40, gt=0, description="records a document at most")


class RecordFields(Strict):
    """How a record becomes a document."""

    text: str = Field(
        description="template: {name} is the record's field ({a.b} of a nested one), {_key} its key; a list gives "
        "'- ' lines, with {name|words} words, with {name|turns} a conversation, with {name|sections} the headings and "
        "paragraphs of a paper, and a list of lists paragraphs; lines with only empty fields are left out"
    )
    records: str | None = Field(default=None, description="json: dotted name of the list or object of records inside")
    key: str | None = Field(default=None, description="field that identifies the record; default: its key or number")
    meta: list[str] = Field(default=[], description="fields to keep in the document's meta")
    require: list[str] = Field(default=[], description="a record where one of these is missing or empty is dropped")
    remove: list[str] = Field(default=[], description="regular expressions of markup to take out of the text")
    replace: dict[str, str] = Field(default={}, description="{regular expression: what stands there instead}")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="of csv files")
    group: Grouping | None = None


class FileSpec(Strict):
    """Which files of a source to read, and how."""

    glob: str = Field(description="path inside the source; `*` within a folder, `**` across folders, `{a,b}` choices")
    format: Format
    exclude: list[str] = Field(default=[], description="globs of files to leave out")
    fields: RecordFields | None = Field(default=None, description="for csv, json, jsonl and parquet")
    columns: dict[str, str] | None = Field(
        default=None,
        alias="schema",
        description="jsonl and parquet: {column: type}; a file that differs is refused. `type?` may be missing, "
        "`'*': any` lets other columns pass",
    )
    domain: Domain | None = Field(default=None, description="overrides the source's domain")

    @model_validator(mode="after")
    def _fields_where_needed(self) -> "FileSpec":
        if (self.format in RECORD_FORMATS) != (self.fields is not None):
            raise ValueError(f"format {self.format} {'needs' if self.fields is None else 'takes no'} `fields`")
        if self.columns is not None and self.format not in TYPED_FORMATS:
            raise ValueError(f"format {self.format} takes no `schema`")
        return self


class _Source(Strict):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$", description="name of the source; its key is sources/<name>")
    licence: str = Field(description="SPDX identifier of the licence of the text, as the source states it")
    domain: Domain
    files: list[FileSpec] = Field(min_length=1)
    max_bytes: int | None = Field(
        default=None, gt=0, description="cap on the bytes of the files read, spread over the source by hash of path"
    )
    max_file_bytes: int = Field(default=128 * MEBIBYTE, gt=0, description="a larger file is refused (zip bomb)")
    max_total_bytes: int = Field(default=4096 * MEBIBYTE, gt=0, description="cap on all that is unpacked")
    max_record_bytes: int = Field(default=16 * MEBIBYTE, gt=0, description="a longer jsonl line is quarantined")
    max_bad_rate: float = Field(
        default=0.01, ge=0, le=1, description="part of the records that may be quarantined; one always may"
    )
    undecodable: Literal["quarantine", "replace"] = Field(
        default="quarantine", description="invalid UTF-8, NUL, lone surrogates: refuse, or put U+FFFD there and count"
    )
    isolate: bool = Field(
        default=False, description="read every file in a child process with caps; html and pdf always are"
    )


class PypiSource(_Source):
    """A wheel or sdist of the configured package index. Its code is never run."""

    kind: Literal["pypi"]
    project: str
    version: str
    file: str = Field(pattern=r"^[^/\\\x00]+\.(whl|tar\.gz|zip)$", description="file name of the wheel or sdist")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class InstalledSource(_Source):
    """Files of a distribution that this environment has installed."""

    kind: Literal["installed"]
    distribution: str
    version: str | None = Field(default=None, description="filled in when the graph is built: part of the identity")


class LocalFile(Strict):
    path: str
    bytes: int
    sha256: str = Field(description="of the content; for a folder elsewhere, of what its store says of the file")

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        return _plain(path)


class LocalSource(_Source):
    """Files of a folder on this machine, such as an inbox, or of one that fsspec reaches."""

    kind: Literal["local"]
    folder: str = Field(description="absolute, or relative to the working directory (as FC_HOME is); or an fsspec URL")
    content: list[LocalFile] | None = Field(
        default=None, description="filled in when the graph is built: a changed file changes the identity"
    )


class HttpFile(Strict):
    url: str = Field(pattern=r"^https?://[^@]+$", description="without credentials")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    path: str | None = Field(default=None, description="what the globs see; by default the last part of the address")

    @property
    def name(self) -> str:
        return self.path or unquote(urlsplit(self.url).path).rsplit("/", 1)[-1]

    @model_validator(mode="after")
    def _named(self) -> "HttpFile":
        if not self.name:
            raise ValueError(f"{self.url} names no file; give it a `path`")
        _plain(self.name)
        return self


class HttpSource(_Source):
    """Files at addresses of the web."""

    kind: Literal["http"]
    urls: list[HttpFile] = Field(min_length=1)
    max_bytes: None = Field(default=None, description="sizes are not known before: list fewer addresses instead")

    @field_validator("urls")
    @classmethod
    def _distinct(cls, urls: list[HttpFile]) -> list[HttpFile]:
        names = [file.name for file in urls]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two files are called {', '.join(twice)}; give each a `path`")
        return urls


class HubSource(_Source):
    """Shards of a data set of the Hugging Face hub, or of a server with its layout (HF_ENDPOINT)."""

    kind: Literal["hub"]
    repo: str = Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$")
    revision: str = Field(description="commit (40 hex); a branch is refused when the source is read")
    follow: str | None = Field(
        default=None,
        description="branch that the sensor hub_revisions follows: it has the shards rebuilt at each new commit; "
        "null: new commits are only told",
    )
    keep_shards: bool = Field(default=True, description="false: a shard leaves the cache when it has been read")


Source = Annotated[PypiSource | InstalledSource | LocalSource | HttpSource | HubSource, Field(discriminator="kind")]
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


def _plain(path: str) -> str:
    if not is_plain(path):
        raise ValueError(f"{path!r} leads out of the source")
    return path
