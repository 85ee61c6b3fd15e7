"""Files of records, read as a stream: parquet by row group and only the columns in use, JSON lines by line."""

import datetime
import decimal
import io
import math
import uuid
from collections.abc import Iterable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any, BinaryIO

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.compression import capped_lines, unpacked_chunks
from fc_pipeline.catalogue.files import Stream
from fc_pipeline.sources.columns import arrow_type, difference, record_difference
from fc_pipeline.sources.readers.item import Item
from fc_pipeline.sources.readers.records import NoText, Record, documents, jsonl_records
from fc_pipeline.sources.readers.template import column_of, used_fields
from fc_pipeline.sources.schema import FileSpec, Limits

if TYPE_CHECKING:
    import pyarrow

_BATCH_ROWS = 256


def read_stream(stream: Stream, spec: FileSpec, limits: Limits, *, where: str) -> Iterator[Item | BadInput]:
    """The documents of a file of records, as they come.

    One of a pin must be whole. One that people put there may break off: that is one bad record, and what came before
    stands.

    Raises:
        UserError: a pinned file is cut short or not of its format, or the columns are not the expected ones.
    """
    try:
        with stream.open() as file:
            yield from read_table(file, spec, limits, where=where)
    except BadInput as error:
        if stream.cached is None:
            yield error
            return
        raise UserError(
            f"{where}: broken {spec.format}: {error.detail} ({error.reason}); delete {stream.cached} and fetch it "
            "again, and if it is still broken leave the file out with `exclude`"
        ) from error


def read_table(file: BinaryIO, spec: FileSpec, limits: Limits, *, where: str) -> Iterator[Item | BadInput]:
    """The documents of a parquet or jsonl (plain, gz, zst) file.

    Raises:
        BadInput: the file breaks off or is not of its format; what came before stands.
        UserError: its columns are not the expected ones, or lack those of the text; names `where`.
    """
    fields = spec.fields
    assert fields is not None, "formats of records have fields"
    if spec.format == "parquet":
        records = _parquet(file, spec, where=where)
    else:
        records = _typed(_lines(file, limits), spec, where=where)
    try:
        yield from capped(documents(records, fields), limits)
    except NoText as error:
        raise UserError(f"{where}: {error.detail}") from error


def capped(items: Iterable[Item | BadInput], limits: Limits) -> Iterator[Item | BadInput]:
    """The documents of records; one that is too long is refused."""
    for item in items:
        if isinstance(item, Item) and len(item.text) > limits.record_bytes:
            yield BadInput("record_too_large", f"{item.key}: {len(item.text)} characters")
        else:
            yield item


def _lines(file: BinaryIO, limits: Limits) -> Iterator[Record | BadInput]:
    try:
        lines = capped_lines(unpacked_chunks(file), limit=limits.record_bytes)
        yield from jsonl_records(lines, replace=limits.replace)
    except BadInput as error:
        error.lost_bytes = _rest(file)
        raise


def _typed(records: Iterator[Record | BadInput], spec: FileSpec, *, where: str) -> Iterator[Record | BadInput]:
    """Refuses a file at the first record that differs from its schema."""
    for record in records:
        if isinstance(record, Record) and spec.columns is not None:
            _refuse(record_difference(spec.columns, record.fields), where=f"{where}: record {record.key}")
        yield record


def _parquet(file: BinaryIO, spec: FileSpec, *, where: str) -> Iterator[Record | BadInput]:
    import pyarrow
    from pyarrow import parquet

    assert spec.fields is not None
    numbers = count()
    num_bytes, num_rows = _rest(file), 0
    try:
        with parquet.ParquetFile(file) as table:
            schema, num_rows = table.schema_arrow, table.metadata.num_rows
            if spec.columns is not None:
                columns = {field.name: arrow_type(field.type) for field in schema}
                _refuse(difference(spec.columns, columns), where=where)
            _refuse_missing(spec, schema.names, where=where)
            wanted = {column_of(name, schema.names) for name in used_fields(spec.fields)}
            for batch in table.iter_batches(
                batch_size=_BATCH_ROWS, columns=[name for name in schema.names if name in wanted]
            ):
                yield from _rows(batch, numbers)
    # ValueError: pyarrow finds some faults in Python code (bad UTF-8 in a name, an unknown page).
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        first_line, row = str(error).split("\n")[0], next(numbers)
        lost_bytes = round(num_bytes * (1 - row / num_rows)) if num_rows else num_bytes
        raise BadInput("invalid_parquet", f"after row {row}: {first_line}", lost_bytes) from error


def parquet_records(file: BinaryIO) -> Iterator[Record | BadInput]:
    """The rows of a parquet file with all their columns. Raises BadInput where it breaks off."""
    import pyarrow
    from pyarrow import parquet

    numbers = count()
    try:
        with parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=_BATCH_ROWS):
                yield from _rows(batch, numbers)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise BadInput("invalid_parquet", f"after row {next(numbers)}: {str(error).splitlines()[0]}") from error


def _rest(file: BinaryIO) -> int:
    """How many bytes of a file are not read yet."""
    position = file.tell()
    num_bytes = file.seek(0, io.SEEK_END) - position
    file.seek(position)
    return num_bytes


def _rows(batch: "pyarrow.RecordBatch", numbers: Iterator[int]) -> Iterator[Record | BadInput]:
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError:  # a writer that put other bytes into a column of texts: only that row is refused
        rows = [batch.slice(position, 1) for position in range(batch.num_rows)]
    for row, number in zip(rows, numbers, strict=False):
        try:
            yield Record(str(number), _plain(row if isinstance(row, dict) else row.to_pylist()[0]))
        except UnicodeDecodeError as error:
            yield BadInput("invalid_utf8", f"row {number}: {error.reason}")
        except TypeError as error:
            yield BadInput("invalid_value", f"row {number}: {error}")


def _plain(value: Any) -> Any:
    """A value of a table as JSON has it: bytes are UTF-8, moments and decimals are text, NaN is null.

    ClickHouse, Impala and older Spark write texts as bytes, pandas writes NaN for what is missing.

    Raises:
        UnicodeDecodeError: bytes are no UTF-8.
        TypeError: JSON has nothing like it.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, dict):
        return {name: _plain(element) for name, element in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(element) for element in value]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | uuid.UUID | datetime.timedelta):
        return str(value)
    raise TypeError(f"a {type(value).__name__} is no text, number, list or object")


def _refuse(differs: str | None, *, where: str) -> None:
    if differs is not None:
        raise UserError(
            f"{where}: not the expected schema: {differs}; correct `schema` and `fields`, or pin another revision"
        )


def _refuse_missing(spec: FileSpec, columns: list[str], *, where: str) -> None:
    assert spec.fields is not None
    fields = used_fields(spec.fields, text_only=True)
    missing = [column_of(name, columns) for name in fields if column_of(name, columns) not in columns]
    if missing:
        raise UserError(
            f"{where}: no column {', '.join(missing)}; it has {', '.join(sorted(columns))}: correct `fields.text`"
        )
