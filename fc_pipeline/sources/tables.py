"""Files of records, read as a stream: parquet by row group and only the columns in use, JSON lines by line."""

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, BinaryIO

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.compression import capped_lines, unpacked_chunks
from fc_pipeline.catalogue.files import Stream
from fc_pipeline.sources.columns import arrow_type, difference, record_difference
from fc_pipeline.sources.readers.item import Item
from fc_pipeline.sources.readers.records import OWN, documents, jsonl_rows
from fc_pipeline.sources.readers.template import Row, used_columns
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
        rows = _parquet(file, spec, where=where)
    else:
        lines = capped_lines(unpacked_chunks(file), limit=limits.record_bytes)
        rows = _typed(jsonl_rows(lines, replace=limits.replace), spec, where=where)
    for item in documents(rows, fields):
        if isinstance(item, Item) and len(item.text) > limits.record_bytes:
            yield BadInput("record_too_large", f"{item.key}: {len(item.text)} characters")
        else:
            yield item


def _typed(rows: Iterator[Row | BadInput], spec: FileSpec, *, where: str) -> Iterator[Row | BadInput]:
    """Refuses a file at the first record that differs; without a schema, at its first if it lacks the text."""
    first = True
    for row in rows:
        if isinstance(row, dict):
            record = {name: value for name, value in row.items() if name not in OWN}
            if spec.columns is not None:
                _refuse(record_difference(spec.columns, record), where=f"{where}: record {row['_key']}")
            elif first:
                _refuse_missing(spec, list(record), where=where)
            first = False
        yield row


def _parquet(file: BinaryIO, spec: FileSpec, *, where: str) -> Iterator[Row | BadInput]:
    import pyarrow
    from pyarrow import parquet

    assert spec.fields is not None
    numbers = count()
    try:
        with parquet.ParquetFile(file) as table:
            schema = table.schema_arrow
            if spec.columns is not None:
                columns = {field.name: arrow_type(field.type) for field in schema}
                _refuse(difference(spec.columns, columns), where=where)
            _refuse_missing(spec, schema.names, where=where)
            wanted = [name for name in used_columns(spec.fields) if name in schema.names]
            for batch in table.iter_batches(batch_size=_BATCH_ROWS, columns=wanted):
                yield from _rows(batch, numbers)
    # ValueError: pyarrow finds some faults in Python code (bad UTF-8 in a name, an unknown page).
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        first_line = str(error).split("\n")[0]
        raise BadInput("invalid_parquet", f"after row {next(numbers)}: {first_line}") from error


def _rows(batch: "pyarrow.RecordBatch", numbers: Iterator[int]) -> Iterator[Row | BadInput]:
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError:  # a writer that put other bytes into a column of texts: only that row is refused
        for position in range(batch.num_rows):
            number = next(numbers)
            try:
                yield {"_key": str(number), **batch.slice(position, 1).to_pylist()[0]}
            except UnicodeDecodeError as error:
                yield BadInput("invalid_utf8", f"row {number}: {error.reason}")
        return
    for row in rows:
        yield {"_key": str(next(numbers)), **row}


def _refuse(differs: str | None, *, where: str) -> None:
    if differs is not None:
        raise UserError(
            f"{where}: not the expected schema: {differs}; correct `schema` and `fields`, or pin another revision"
        )


def _refuse_missing(spec: FileSpec, columns: list[str], *, where: str) -> None:
    assert spec.fields is not None
    missing = [name for name in used_columns(spec.fields, text_only=True) if name not in columns]
    if missing:
        raise UserError(
            f"{where}: no column {', '.join(missing)}; it has {', '.join(sorted(columns))}: correct `fields.text`"
        )
