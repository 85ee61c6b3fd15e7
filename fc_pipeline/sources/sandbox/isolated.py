"""SVG and PDF files are read in a child process (`capped_child.py`), with the caps of text."""

import atexit
from functools import lru_cache
from typing import Any

from fc_pipeline.sources.sandbox.capped_child import CPU_SECONDS, MEMORY_BYTES, CappedChild
from fc_pipeline.sources.sandbox.isolated_child import main


class Isolated:
    """Starts its child with the first call. Not for use by two threads at once."""

    def __init__(self, *, cpu_seconds: float = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self.child = CappedChild(main.__module__, cpu_seconds=cpu_seconds, memory_bytes=memory_bytes)

    def call(self, name: str, data: bytes, **options: Any) -> tuple[Any, list[bytes]]:
        """What the function of that name (isolated_child.FUNCTIONS) answers: plain JSON, and images.

        Raises BadInput as `CappedChild.ask`.
        """
        reply, blob = self.child.ask({"function": name, "options": options}, data)
        images, start = [], 0
        for size in reply["images"]:
            images.append(blob[start : start + size])
            start += size
        return reply["answer"], images


@lru_cache(maxsize=1)
def isolated() -> Isolated:
    """The child of this process."""
    made = Isolated()
    atexit.register(made.child.close)
    return made
