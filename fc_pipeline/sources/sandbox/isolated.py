"""A child process that reads files which may be made to harm: capped in processor time, memory and output.

One child serves file after file, and is replaced when a file kills it; so a hostile file costs its own record and no
other. The child's side is `child.py`; what caps it, fc_model/capped_child.py.
"""

import atexit
import json
import signal
from functools import lru_cache
from typing import Any

from fc_model.capped_child import CappedChild
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.sandbox.child import FUNCTIONS, Answer, main

CPU_SECONDS = 10.0
"""Of the child's processor time for a file: unlike the clock, it does not depend on what else the machine does."""
MEMORY_BYTES = 2 << 30
MAX_REPLY_BYTES = 64 << 20
_CLOCK_SECONDS = 300.0
"""For a child that sleeps instead of working; never reached by one that works."""


class Isolated:
    """Starts its child with the first call. Not for use by two threads at once."""

    def __init__(self, *, cpu_seconds: float = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self._caps = {"cpu_seconds": cpu_seconds, "memory_bytes": memory_bytes, "max_reply_bytes": MAX_REPLY_BYTES}
        self._child: CappedChild | None = None

    def call(self, function: Answer, data: bytes, **options: Any) -> tuple[Any, list[bytes]]:
        """`function(data, **options)` in the child: plain JSON, and parts of bytes such as images.

        Args:
            function: one that the child is allowed to import (child.FUNCTIONS); the reference is also what ties its
                code to the identity of the step that calls it.
            options: plain JSON.

        Raises:
            BadInput: the child refused the file, it took too long ("timeout"), brought the child down
                ("reader_died"), or asked for too much memory or output ("too_large").
        """
        name = f"{function.__module__}:{function.__name__}"
        if name not in FUNCTIONS:
            raise ValueError(f"{name} is not one that the child may import; add it to child.FUNCTIONS")
        if self._child is None:
            self._child = CappedChild(main.__module__, json.dumps(self._caps))
        try:
            self._child.send(json.dumps({"function": name, "options": options}).encode(), data)
            reply: dict[str, Any] = json.loads(_received(self._child))
            parts = [_received(self._child) for _ in range(reply.get("parts", 0))]
        except (OSError, EOFError) as error:
            raise self._buried(self._child) from error
        if "refused" in reply:
            raise BadInput(*reply["refused"])
        return reply["answer"], parts

    def close(self) -> None:
        """Ends the child; the next call starts another."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _buried(self, child: CappedChild) -> BadInput:
        code, self._child = child.end(wait=1.0), None
        if code in (None, -signal.SIGPROF):
            return BadInput("timeout", f"the reader took more than {self._caps['cpu_seconds']} seconds")
        return BadInput("reader_died", f"the reader ended with {code}")


def _received(child: CappedChild) -> bytes:
    return child.receive(seconds=_CLOCK_SECONDS, max_bytes=MAX_REPLY_BYTES)


@lru_cache(maxsize=1)
def isolated() -> Isolated:
    parent = Isolated()
    atexit.register(parent.close)
    return parent
