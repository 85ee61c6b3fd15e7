"""What a source may say, one model a kind. Unknown fields are refused."""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import ConfigDict, Field, TypeAdapter, field_validator, model_validator

from fc_model.config.strict import Strict
from fc_pipeline.catalogue.entry import Entry, HttpPin, HubPin, InstalledPin, LocalPin, PypiPin, parse_entry
from fc_pipeline.catalogue.files import MAX_FILE_BYTES, MAX_TOTAL_BYTES, MEBIBYTE

MAX_RECORD_BYTES = 16 * MEBIBYTE

Domain = Literal["science", "data", "code", "chess", "chat"]
Format = Literal[
    "chatterbot", "csv", "docstrings", "gallery", "html", "ipynb", "json", "jsonl", "md", "parquet", "pdf", "pgn",
    "py", "r_help", "rst", "torre_lesson", "txt",
]  # fmt: skip
RECORD_FORMATS = {"csv", "json", "jsonl", "parquet"}
"""Formats that hold many records a file and so need `fields`."""
STREAMED_FORMATS = {"jsonl", "parquet"}
"""Formats whose files may be larger than memory, and whose records may be held to a `schema`."""


MANY_FORMATS = RECORD_FORMATS | {"chatterbot", "docstrings", "pgn", "r_help"}
"""Formats whose files hold many documents, so that a file which cannot be read is more than one record."""
OWN_META = {"cluster", "decontaminated_chars", "edits", "format", "path", "replaced"}
"""What the steps write into a document's `meta`: no field of a record may take its place."""


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
    meta: dict[str, str] = Field(
        default={}, description="fields to keep in the document's meta: a list of names, or {name in meta: field}"
    )
    require: list[str] = Field(default=[], description="a record where one of these is missing or empty is dropped")
    remove: list[str] = Field(default=[], description="regular expressions of markup to take out of the text")
    replace: dict[str, str] = Field(default={}, description="{regular expression: what stands there instead}")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="of csv files")
    group: Grouping | None = None

    @field_validator("meta", mode="before")
    @classmethod
    def _under_their_names(cls, meta: Any) -> Any:
        return {name: name for name in meta} if isinstance(meta, list) else meta


class FileSpec(Strict):
    """Which files of a source to read, and how."""

    model_config = ConfigDict(serialize_by_alias=True)

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
        if self.columns is not None and self.format not in STREAMED_FORMATS:
            raise ValueError(f"format {self.format} takes no `schema`")
        return self


class Limits(NamedTuple):
    """The caps of a source, as the workers get them."""

    file_bytes: int = MAX_FILE_BYTES
    record_bytes: int = MAX_RECORD_BYTES
    replace: bool = False
    """Put U+FFFD in the place of what is no text, instead of quarantining the document."""
    isolate: bool = False
    """Read every file in a child process."""


PACKED = 3
"""gzip, zstandard and parquet pack prose and code to about a third."""
BYTES_PER_TOKEN = 4


class Published(Strict):
    """What the publisher states of the files that `files` of an entry names. Nothing is read by it."""

    card: str = Field(description="where columns and sizes were read: document, section, revision")
    bytes: int | None = Field(default=None, gt=0, description="of the files, as they are downloaded")
    text_bytes: int | None = Field(default=None, gt=0, description="of their text, unpacked")
    tokens: int | None = Field(default=None, gt=0, description="as stated; null: a token for every 4 bytes of text")

    @model_validator(mode="after")
    def _sized(self) -> "Published":
        if self.bytes is None and self.text_bytes is None:
            raise ValueError("states no size: give `bytes` or `text_bytes`")
        return self

    @property
    def download_bytes(self) -> int:
        """Stated, or a third of the text."""
        return self.bytes or (self.text_bytes or 0) // PACKED

    @property
    def num_tokens(self) -> int:
        """Stated, or a quarter of the text's bytes."""
        return self.tokens or (self.text_bytes or self.download_bytes * PACKED) // BYTES_PER_TOKEN


class _Source(Entry):
    model_config = ConfigDict(serialize_by_alias=True)

    domain: Domain
    files: list[FileSpec] = Field(min_length=1)
    published: Published | None = Field(
        default=None, exclude=True, description="sizes of a source that is larger than what it is read for"
    )
    max_bytes: int | None = Field(default=None, gt=0, description="cap on the bytes read, a spread by hash of path")
    max_file_bytes: int = Field(default=MAX_FILE_BYTES, gt=0, description="a larger file is refused (zip bomb)")
    max_total_bytes: int = Field(default=MAX_TOTAL_BYTES, gt=0, description="cap on all that is unpacked")
    max_record_bytes: int = Field(default=MAX_RECORD_BYTES, gt=0, description="a longer jsonl line is quarantined")
    max_bad_rate: float = Field(default=0.01, ge=0, le=1, description="part that may be quarantined; one always may")
    undecodable: Literal["quarantine", "replace"] = Field(
        default="quarantine", description="invalid UTF-8, NUL, lone surrogates: refuse, or put U+FFFD there and count"
    )
    isolate: bool = Field(
        default=False, description="read files in a child process with caps; html, pdf and rst always are"
    )

    @model_validator(mode="after")
    def _meta_is_free(self) -> "_Source":
        for fields in filter(None, (spec.fields for spec in self.files)):
            taken = OWN_META & fields.meta.keys()
            if taken:
                name = min(taken)
                raise ValueError(f"meta: {name!r} is a name of our own; keep the field as `record_{name}: {name}`")
            if fields.group and fields.group.by in OWN_META | {"records"}:
                raise ValueError(f"group: {fields.group.by!r} is a name of our own in `meta`; group by another field")
        return self

    @property
    def download_bytes(self) -> int | None:
        """Bytes to download, at most; None where neither `max_bytes` nor `published` bounds them."""
        bounds = [self.max_bytes, self.published.download_bytes if self.published else None]
        return min((bound for bound in bounds if bound is not None), default=None)

    @property
    def num_tokens(self) -> int | None:
        """Tokens of what is downloaded, in the published proportion; None where it is not stated."""
        if self.published is None or self.download_bytes is None:
            return None
        return round(self.published.num_tokens * self.download_bytes / self.published.download_bytes)

    @property
    def domains(self) -> set[Domain]:
        return {spec.domain or self.domain for spec in self.files}

    @property
    def limits(self) -> Limits:
        return Limits(
            file_bytes=self.max_file_bytes,
            record_bytes=self.max_record_bytes,
            replace=self.undecodable == "replace",
            isolate=self.isolate,
        )


class PypiSource(_Source, PypiPin):
    """Documents of a wheel or sdist."""


class InstalledSource(_Source, InstalledPin):
    """Documents, or code, of an installed distribution."""


class LocalSource(_Source, LocalPin):
    """Documents of a folder."""


class HttpSource(_Source, HttpPin):
    """Documents at addresses of the web."""

    max_bytes: None = Field(default=None, description="sizes are not known before: list fewer addresses instead")


class HubSource(_Source, HubPin):
    """Documents of a data set of the hub."""


Source = Annotated[PypiSource | InstalledSource | LocalSource | HttpSource | HubSource, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Source] = TypeAdapter(Source)


def parse_source(raw: Any, where: str) -> Source:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    return parse_entry(_ADAPTER, raw, where)
