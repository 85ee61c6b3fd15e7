"""Tables of numbers from real files: their catalogue, and how they are read."""

import csv
import gzip
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, TypeAdapter

from fc_model.config.line import Line
from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.catalogue import Catalogue
from fc_pipeline.catalogue.entry import Entry, HttpPin, InstalledPin, LocalPin, PypiPin, parse_entry
from fc_pipeline.catalogue.files import Wanted
from fc_pipeline.catalogue.pins import pinned, read_files

CATALOGUE = Catalogue(Path(__file__).parent / "catalog", "table")
_MAX_FILE_BYTES = 32 << 20
_MAX_ROWS = 5_000
_LEAST_ROWS = 20
_CELL = re.compile(r"-?\d{1,9}(?:\.\d{1,4})?", re.ASCII)
"""A number that is short enough to reason with."""
_NO_NAME = re.compile(r"[,|=≈]")
"""What a question would part its columns at, and a chain of thought its equations."""


class OneFile(NamedTuple):
    """What is read of a source."""

    glob: str
    exclude: tuple[str, ...] = ()


class _Table(Entry):
    file: str = Field(description="path of the file inside the source, or a glob that matches one; plain or .gz")
    rows: Line = Field(description="what a row is, in the plural, as `flowers`")
    columns: list[str] | None = Field(default=None, description="names of the columns; null: the first row has them")
    skip_rows: int = Field(default=0, ge=0, description="rows before the data, or before the row with the names")
    delimiter: Literal[",", ";", "\t", " "] = Field(default=",")


class InstalledTable(_Table, InstalledPin):
    """A file of an installed distribution."""


class PypiTable(_Table, PypiPin):
    """A file of a wheel or sdist."""


class LocalTable(_Table, LocalPin):
    """A file in a folder."""


class HttpTable(_Table, HttpPin):
    """A file at an address of the web."""


TableEntry = Annotated[InstalledTable | PypiTable | LocalTable | HttpTable, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[TableEntry] = TypeAdapter(TableEntry)


@dataclass(frozen=True)
class Table:
    """Rows of numbers, as they are written in the file."""

    name: str
    licence: str
    unit: str
    """What a row is, in the plural."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def parse_table(raw: Any, where: str) -> TableEntry:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    return parse_entry(_ADAPTER, raw, where)


def resolve_table(entry: str | dict[str, Any]) -> TableEntry:
    """A track's entry (see `Catalogue.resolve`), pinned. Raises UserError when there is no such table."""
    raw, where = CATALOGUE.resolve(entry)
    table = parse_table(raw, where)
    return pinned(table, [OneFile(table.file)], what="table", name=table.name)


def read_table(entry: TableEntry, home: Path) -> Table:
    """The columns whose cells are short numbers.

    Raises:
        UserError: the file cannot be had, is no table of these columns, or has too few numbers.
    """
    where = f"table {entry.name}"
    wanted = Wanted(specs=[OneFile(entry.file)], where=where, home=home, max_file_bytes=_MAX_FILE_BYTES)
    files = list(read_files(entry, wanted))
    if len(files) > 1:
        raise UserError(f"{where}: {entry.file!r} matches {len(files)} files, one is expected: name it")
    content = files[0].content
    if isinstance(content, BadInput):
        raise UserError(f"{where}: {files[0].path}: {content.reason}")
    assert isinstance(content, bytes)
    rows = _rows(content, entry, where)
    columns = entry.columns or rows.pop(0)
    if any(len(row) != len(columns) for row in rows):
        raise UserError(f"{where}: {files[0].path}: {len(columns)} columns are named, and a row has more or fewer")
    numeric = [place for place in range(len(columns)) if all(_CELL.fullmatch(row[place]) for row in rows)]
    if len(numeric) < 2 or len(rows) < _LEAST_ROWS:
        raise UserError(
            f"{where}: {len(rows)} rows and {len(numeric)} columns of short numbers; {_LEAST_ROWS} and 2 are needed"
        )
    names = tuple(columns[place] for place in numeric)
    _check_names(names, f"{where}: {files[0].path}", from_track=bool(entry.columns))
    kept = tuple(tuple(row[place] for place in numeric) for row in rows)
    return Table(entry.name, entry.licence, entry.rows, names, kept)


def _check_names(names: Sequence[str], where: str, *, from_track: bool) -> None:
    """Raise UserError where a question could not say by its name which of these columns it means."""
    remedy = "correct `columns`" if from_track else "name all in `columns`, and leave the first row out by `skip_rows`"
    for name in names:
        if not name.strip() or not name.isprintable() or _NO_NAME.search(name):
            raise UserError(f"{where}: {name!r} is no name of a column (empty, or with one of , | = ≈): {remedy}")
        if names.count(name) > 1:
            raise UserError(f"{where}: two columns have the name {name!r}: {remedy}")
    if not from_track and all(map(_CELL.fullmatch, names)):
        raise UserError(f"{where}: the first row has numbers, no names: give `columns`")


def _rows(content: bytes, entry: TableEntry, where: str) -> list[list[str]]:
    try:
        # Of a .gz file at most as much is unpacked as a plain one may have.
        data = (
            gzip.GzipFile(fileobj=io.BytesIO(content)).read(_MAX_FILE_BYTES) if content[:2] == b"\x1f\x8b" else content
        )
        lines = data.decode("utf-8-sig").splitlines()
        if entry.delimiter == " ":  # columns that stand below each other may end in spaces
            lines = [line.strip() for line in lines]
        rows = [row for row in csv.reader(lines, delimiter=entry.delimiter, skipinitialspace=True) if row]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{where}: {entry.file} is no table in UTF-8 ({error})") from error
    stripped = [[cell.strip() for cell in row] for row in rows[entry.skip_rows :][: _MAX_ROWS + 1]]
    if not stripped:
        raise UserError(f"{where}: {entry.file} has no rows")
    return stripped
