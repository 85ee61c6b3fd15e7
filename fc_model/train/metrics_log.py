"""metrics.jsonl: one JSON object a line, in the order of the steps, without repeats through kills and resumes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fc_model.artifacts.files import write_bytes


class MetricsLog:
    """Appends metrics to a file; lines of steps after `step`, and a last line cut by a kill, are dropped first."""

    def __init__(self, path: Path, *, step: int) -> None:
        kept = [record for record in read_metrics(path) if record["step"] <= step]
        write_bytes(path, b"".join(_line(record) for record in kept))
        self._file = path.open("ab")

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a line; values that are not finite become null."""
        self._file.write(_line(record))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The records of a log, whole lines only; none when there is no file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def _line(record: Mapping[str, Any]) -> bytes:
    finite = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in record.items()
    }
    return (json.dumps(finite, allow_nan=False) + "\n").encode()
