"""Tables in CSV files of the folder (RFC 4180, UTF-8, names of the columns in the first line)."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fc_model.errors import suggestion
from fc_model.tools.folder import Folder
from fc_model.tools.json_query import COMPARISONS, compare
from fc_model.tools.statistics_of_lists import SUMMARY, summary
from fc_model.tools.tool import INTEGER, NAME, TEXT, Schema, Tool, ToolError, array, described, one_of, record, shown

_MAX_COLUMNS = 200
_MAX_GROUPS = 200
_MAX_ROWS = 50
_NUMBER = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?")
_FILE = described(NAME, "a CSV file of the folder")


@dataclass(frozen=True)
class Table:
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    """Where each row ends in the file, from 1."""

    def column(self, name: str) -> int:
        if name not in self.header:
            raise ToolError(f"no column {shown(name)}{suggestion(name, self.header)}")
        return self.header.index(name)

    def numbers(self, name: str, rows: Sequence[int]) -> list[Decimal]:
        """The numbers of a column in some rows; an empty cell is none. Raises ToolError for any other cell."""
        column, numbers = self.column(name), []
        for row in rows:
            cell = self.rows[row][column].strip()
            if cell and not _NUMBER.fullmatch(cell):
                raise ToolError(f"line {self.lines[row]}, column {shown(name)}: {shown(cell)} is no number")
            if cell:
                numbers.append(Decimal(cell))
        return numbers


def table_statistics(folder: Folder, file: str, column: str, group_by: str | None = None) -> dict[str, Any]:
    """`statistics` (SUMMARY) of a column, or `groups`: the same for the rows of each value of another column."""
    table = _table(folder, file)
    if group_by is None:
        return {"statistics": _summary(table, column, range(len(table.rows)))}
    key, groups = table.column(group_by), dict[str, list[int]]()
    for number, row in enumerate(table.rows):
        groups.setdefault(row[key], []).append(number)
    if len(groups) > _MAX_GROUPS:
        raise ToolError(f"column {shown(group_by)} has {len(groups)} values, {_MAX_GROUPS} are allowed")
    return {"groups": {value: _summary(table, column, groups[value]) for value in sorted(groups)}}


def filter_table(
    folder: Folder,
    file: str,
    column: str,
    operator: str,
    value: float | str,
    columns: list[str] | None = None,
    limit: int = _MAX_ROWS,
) -> dict[str, Any]:
    """Rows whose cell compares so to a value: as numbers where the value is one, else as text."""
    table = _table(folder, file)
    number = table.column(column)
    kept = [table.column(name) for name in columns] if columns else range(len(table.header))
    rows = [row for row in table.rows if compare(_cell(row[number], like=value), operator, value)]
    listed = [{table.header[place]: row[place] for place in kept} for row in rows[:limit]]
    return {"count": len(rows), "rows": listed}


def _cell(cell: str, *, like: float | str) -> Any:
    """A cell as a number beside a number; one that is none is no number's equal."""
    if isinstance(like, str):
        return cell
    return float(cell) if _NUMBER.fullmatch(cell.strip()) else cell


def _summary(table: Table, column: str, rows: Sequence[int]) -> dict[str, Any] | None:
    numbers = table.numbers(column, rows)
    return summary(numbers) if numbers else None


def _table(folder: Folder, file: str) -> Table:
    text = folder.read_text(file)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, lines = [], []
    try:
        header = next(reader, [])
        for row in reader:
            if len(row) not in (0, len(header)):  # 0: an empty line
                raise ToolError(
                    f"{shown(file)}, line {reader.line_num}: {len(row)} cells, the header has {len(header)}"
                )
            if row:
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise ToolError(f"{shown(file)}, line {reader.line_num}: {error}") from error
    if not header or len(set(header)) < len(header) or len(header) > _MAX_COLUMNS:
        raise ToolError(f"{shown(file)}: the first line must name 1 to {_MAX_COLUMNS} columns, each once")
    return Table(header, rows, lines)


_SUMMARY_OR_NULL: Schema = SUMMARY | {"type": ["object", "null"]}

TOOLS = (
    Tool(
        name="table_statistics",
        description="Count, sum, mean, median, minimum, maximum and standard deviation of a column of a CSV file, "
        "for all rows or by the values of another column.",
        parameters=record({"file": _FILE, "column": NAME}, optional={"group_by": NAME}),
        executor=table_statistics,
        result=record({}, optional={"statistics": _SUMMARY_OR_NULL, "groups": {"type": "object"}}),
        uses="folder",
    ),
    Tool(
        name="filter_table",
        description="Rows of a CSV file whose cell in a column equals a value, is larger, smaller, or contains it.",
        parameters=record(
            {
                "file": _FILE,
                "column": NAME,
                "operator": one_of(*COMPARISONS),
                "value": {"type": ["number", "string"]},
            },
            optional={
                "columns": described(array(NAME, most=_MAX_COLUMNS), "those to show; all without it"),
                "limit": {"type": "integer", "minimum": 1, "maximum": _MAX_ROWS},
            },
        ),
        executor=filter_table,
        result=record({"count": INTEGER, "rows": array({"type": "object", "additionalProperties": TEXT})}),
        uses="folder",
    ),
)
