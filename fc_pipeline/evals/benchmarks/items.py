"""Items of a benchmark: of an eval set's artifact, or of a file that somebody has."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_model.artifacts.files import sha256_file
from fc_model.errors import UserError
from fc_model.evals.benchmarks.item import Item, Row
from fc_model.evals.benchmarks.tasks import TASKS
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.compression import capped_lines, unpacked_chunks
from fc_pipeline.sources.readers.records import jsonl_records
from fc_pipeline.sources.schema import MAX_RECORD_BYTES


def pin_file(path: str, *, where: str) -> dict[str, Any]:
    """{"file", "sha256"}: what is read later is what was planned. Raises UserError when the file cannot be read."""
    try:
        if Path(path).exists() and not Path(path).is_file():  # to read a pipe would wait for who writes into it
            raise UserError(f"{where}: {path!r} is no plain file: name one")
        return {"file": path, "sha256": sha256_file(Path(path))}
    except (OSError, ValueError) as error:
        raise UserError(f"{where}: {path!r} cannot be read ({error}); correct `file`, or put it there") from error


def read_items(task: str, source: Mapping[str, Any], inputs: Mapping[str, Artifact]) -> list[Item]:
    """The items of a task, in their order.

    Args:
        source: {"evalset": name}, or {"file", "sha256"} of `pin_file`.
        inputs: of the step; an eval set has the role `evalsets/<name>`.

    Raises:
        UserError: a row is not of the task's format (names file or eval set, item, and what is wrong), the file
            changed since it was planned, or there are no items.
    """
    if (name := source.get("evalset")) is not None:
        rows = _evalset_rows(inputs[f"evalsets/{name}"])
        origin = f"eval set {name}"
    else:
        rows, origin = _file_rows(Path(source["file"]), sha256=source["sha256"]), source["file"]
    read = TASKS[task].read
    items = [read(row, item_id, f"{task}: {origin}, item {item_id}") for item_id, row in rows]
    if not items:
        raise UserError(f"{task}: {origin} has no items; take another")
    return items


def _evalset_rows(artifact: Artifact) -> Iterator[tuple[str, Row]]:
    """Id and row: the kept fields, whose names may be paths."""
    for record in read_records(artifact.path("items.jsonl.zst")):
        yield record["id"], {name.rpartition(".")[2]: value for name, value in record["fields"].items()}


def _file_rows(path: Path, *, sha256: str) -> Iterator[tuple[str, Row]]:
    """Number and row of each line."""
    again = pin_file(str(path), where="benchmarks")
    if again["sha256"] != sha256:
        raise UserError(f"{path}: changed after the run was planned; run again")
    try:
        lines = capped_lines(unpacked_chunks(io.BytesIO(path.read_bytes())), limit=MAX_RECORD_BYTES)
        for record in jsonl_records(lines):
            if isinstance(record, BadInput):
                raise record
            yield record.key, record.fields
    except BadInput as error:
        raise UserError(f"{path}: {error.reason} ({error.detail}); correct the file") from error
