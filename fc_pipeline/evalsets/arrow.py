"""Rows of a stream of Apache Arrow, the files that the library `datasets` writes."""

import io
from collections.abc import Iterator, Sequence

from fc_model.errors import UserError
from fc_pipeline.sources.readers.template import Row


def arrow_rows(content: bytes, *, columns: Sequence[str], where: str) -> Iterator[Row]:
    """These columns of every row, and `_key`, its number.

    Raises:
        UserError: the file is none or lacks a column; begins with `where`.
    """
    import pyarrow
    from pyarrow import ipc

    try:
        table = ipc.open_stream(io.BytesIO(content)).read_all()
        if missing := [name for name in columns if name not in table.column_names]:
            has = ", ".join(table.column_names)
            raise UserError(f"{where}: no column {', '.join(missing)}; it has {has}: correct the templates")
        rows = table.select(list(columns)).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise UserError(f"{where}: is no stream of Arrow ({str(error).splitlines()[0]}); correct `format`") from error
    for number, row in enumerate(rows):
        yield {**row, "_key": str(number)}
