"""The child of fc_pipeline/sources/sandbox/read_isolated.py: reads files by their format."""

import sys
from typing import Any

from fc_pipeline.sources.readers import READERS
from fc_pipeline.sources.readers.item import BadInput, Item
from fc_pipeline.sources.sandbox.child_loop import serve
from fc_pipeline.sources.schema import FileSpec


def main(cpu_seconds: float, memory_bytes: int, max_reply_bytes: int) -> None:
    """Serves until end of file."""
    serve(_read, cpu_seconds=cpu_seconds, memory_bytes=memory_bytes, max_reply_bytes=max_reply_bytes)


def _read(question: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """What was read before a fault stands."""
    spec = FileSpec.model_validate(question["spec"])
    entries: list[list[Any]] = []
    try:
        for item in READERS[spec.format](data, spec):
            entries += [list(item) if isinstance(item, Item) else [item.reason, item.detail]]
    except BadInput as error:
        entries.append([error.reason, error.detail])
    return {"items": entries}, []


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
