"""Inputs and results of a cluster's tasks: files in a folder that every machine of the cluster sees.

`inputs/<rank>.jsonl.zst` and `results/<rank>.jsonl.zst`: the batches of one task, an item or a result a line (JSON, by
`serialization.py`); `call.json`: the function and its arguments; `failures/<rank>.txt`: why a task failed;
`datatrove/`: its logs and completion markers. The folder's name is a hash of call and inputs, so results
of an earlier attempt in it are of the same call.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from fc_model.artifacts import read_records
from fc_model.artifacts.files import atomic_write, write_bytes
from fc_model.artifacts.records import RecordWriter
from fc_pipeline.executors.serialization import decode, decode_function, encode, encode_function

_FORMAT = 1
"""Increase when files of an earlier version must not be reused."""


class Spool(NamedTuple):
    folder: Path
    num_tasks: int

    @property
    def logs(self) -> Path:
        """datatrove's folder."""
        return self.folder / "datatrove"

    @property
    def name(self) -> str:
        return self.folder.name

    def missing(self) -> list[int]:
        """Ranks without results."""
        return [rank for rank in range(self.num_tasks) if not result_file(self.folder, rank).is_file()]

    def failure(self, rank: int) -> str | None:
        """The reason of a task's failure; None when the task could not write one."""
        file = failure_file(self.folder, rank)
        return file.read_text("utf-8") if file.is_file() else None

    def forget_failures(self) -> None:
        shutil.rmtree(self.folder / "failures", ignore_errors=True)

    def results(self) -> Iterator[Any]:
        for rank in range(self.num_tasks):
            for record in read_records(result_file(self.folder, rank)):
                yield decode(record["result"])

    def drop_inputs(self) -> None:
        """Delete the inputs, which are not read again, to free disk."""
        shutil.rmtree(self.folder / "inputs")


def write_spool(root: Path, function: Callable[..., Any], items: Iterable[Any], *, batches_per_task: int) -> Spool:
    """Write all items, one in memory at a time. Results of an earlier attempt on equal items are in the spool already.

    Raises TypeError when the function or an item cannot be serialised.
    """
    call = encode_function(function)
    fresh = root / "spooling"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    items = iter(items)
    digests: list[str] = []
    for first in items:
        batches = chain([first], islice(items, batches_per_task - 1))
        records = ({"item": encode(item)} for item in batches)
        digests.append(write_records(fresh / _file(len(digests)), records))
    content = json.dumps([_FORMAT, call, digests], sort_keys=True)
    folder = root / hashlib.sha256(content.encode()).hexdigest()[:16]
    (folder / "inputs").mkdir(parents=True, exist_ok=True)
    for rank in range(len(digests)):  # over those of an earlier attempt: a task may be reading them
        os.replace(fresh / _file(rank), folder / "inputs" / _file(rank))
    write_bytes(folder / "call.json", json.dumps(call, indent=1).encode())
    fresh.rmdir()
    return Spool(folder, len(digests))


def items_of(folder: Path, rank: int) -> Iterator[Any]:
    """The items of a task, encoded."""
    for record in read_records(folder / "inputs" / _file(rank)):
        yield record["item"]


def function_of(folder: Path) -> Callable[[Any], Any]:
    return decode_function(json.loads((folder / "call.json").read_bytes()))


def write_records(path: Path, records: Iterable[dict[str, Any]]) -> str:
    """Whole or not at all; returns the sha256 of the file."""
    path.parent.mkdir(exist_ok=True)
    with atomic_write(path) as file:
        writer = RecordWriter(cast(BinaryIO, file))
        for record in records:
            writer(record)
        writer.close()
    return file.sha256


def result_file(folder: Path, rank: int) -> Path:
    return folder / "results" / _file(rank)


def failure_file(folder: Path, rank: int) -> Path:
    return folder / "failures" / f"{rank:05}.txt"


def _file(rank: int) -> str:
    return f"{rank:05}.jsonl.zst"
