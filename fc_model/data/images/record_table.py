"""The table of records beside the tars, `<split>.parquet`: what is asked of all samples, without a byte of an image.

| column | meaning |
|---|---|
| `key` | the sample's key in its tar; its row is its number within the split |
| `id`, `source`, `kind`, `family`, `licence`, `width`, `height` | those of the record |
| `has_text`, `has_caption`, `has_questions` | whether it has any, blank text being none: what a task may need |
| `documents` | ids of the documents whose text the images show |
| `sizes`, `sha256` | of each image: bytes, and their digest |
| `record` | the whole record as JSON, as in the tar |

A row group is a few thousand records, and is what a reader holds in memory. Equal records give equal bytes with one
release of pyarrow, whose version stands in the footer; there is no time and no path in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fc_model.data.images.record import ImageRecord
from fc_model.errors import UserError

if TYPE_CHECKING:  # pyarrow takes 0.3 seconds, so it is imported where a table is written or read
    import pyarrow as pa

_GROUP_ROWS = 4096
_GROUP_CHARS = 16 << 20
_PLAIN = ("id", "source", "kind", "family", "licence", "width", "height")
_FEW_VALUES = ["source", "kind", "family", "licence"]


class RecordTableWriter:
    """Writes the table of one split to `path`, a row group at a time."""

    def __init__(self, path: Path) -> None:
        from pyarrow import parquet

        self.path = path
        self._schema = _schema()
        self._file = parquet.ParquetWriter(
            path, self._schema, compression="zstd", compression_level=3, use_dictionary=_FEW_VALUES,
            write_statistics=False, store_schema=False, write_page_checksum=True,
        )  # fmt: skip
        self._rows: list[dict[str, Any]] = []
        self._chars = 0

    def add(self, key: str, record: ImageRecord, text: str, images: Sequence[bytes]) -> None:
        """Append a row; `text` is the record as JSON."""
        self._rows.append(
            {name: getattr(record, name) for name in _PLAIN}
            | {
                "key": key,
                "has_text": _has(record.text),
                "has_caption": _has(record.caption),
                "has_questions": bool(record.questions),
                "documents": list(map(str, record.meta.get("documents") or ())),
                "sizes": [len(data) for data in images],
                "sha256": [hashlib.sha256(data).digest() for data in images],
                "record": text,
            }
        )
        self._chars += len(text)
        if len(self._rows) >= _GROUP_ROWS or self._chars >= _GROUP_CHARS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._file.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._rows, self._chars = [], 0


class RecordTable:
    """Reads the table of a split. Raises UserError, where it is read, when it is missing or damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def groups(self, *columns: str) -> Iterator[pa.Table]:
        """These columns, a row group at a time."""
        return (table for _, table in self._groups(columns))

    def rows(self, *columns: str) -> Iterator[dict[str, Any]]:
        """These columns of each sample, in order."""
        return (row for table in self.groups(*columns) for row in table.to_pylist())

    def column(self, name: str) -> Iterator[Any]:
        return (value for table in self.groups(name) for value in table.column(name).to_pylist())

    def sizes(self) -> NDArray[np.int64]:
        """Width and height of each sample's first image in pixels, (samples, 2)."""
        parts = [np.zeros((0, 2), dtype=np.int64)]
        parts += [
            np.stack([table[name].to_numpy() for name in ("width", "height")], 1)
            for table in self.groups("width", "height")
        ]
        return np.concatenate(parts)

    def records(self, numbers: Iterable[int] | None = None) -> Iterator[ImageRecord]:
        """All records in order, or those of the samples of these ascending numbers."""
        wanted = None if numbers is None else np.fromiter(numbers, dtype=np.int64)
        for first, table in self._groups(("record",), wanted):
            column = table.column("record")
            if wanted is not None:
                column = column.take(wanted[(wanted >= first) & (wanted < first + len(column))] - first)
            yield from (ImageRecord.from_json(json.loads(text)) for text in column.to_pylist())

    def _groups(
        self, columns: Sequence[str], wanted: NDArray[np.int64] | None = None
    ) -> Iterator[tuple[int, pa.Table]]:
        """(number of its first row, row group); with `wanted`, those that hold one of these rows."""
        from pyarrow import ArrowException, parquet

        try:
            with parquet.ParquetFile(self._path, page_checksum_verification=True) as file:
                first = 0
                for group in range(file.num_row_groups):
                    end = first + file.metadata.row_group(group).num_rows
                    if wanted is None or np.searchsorted(wanted, first) < np.searchsorted(wanted, end):
                        yield first, file.read_row_group(group, columns=list(columns), use_threads=False)
                    first = end
        except (OSError, ArrowException) as error:
            raise UserError(f"{self._path}: damaged table of records ({error}); materialize it again") from error


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, number, flag = pa.string(), pa.int64(), pa.bool_()
    types = dict.fromkeys(("key", "id", "source", "kind", "family", "licence"), text)
    types |= {"width": number, "height": number, "has_text": flag, "has_caption": flag, "has_questions": flag}
    types |= {"documents": pa.list_(text), "sizes": pa.list_(number), "sha256": pa.list_(pa.binary(32)), "record": text}
    return pa.schema(types)


def _has(text: str | None) -> bool:
    return text is not None and not text.isspace() and text != ""
