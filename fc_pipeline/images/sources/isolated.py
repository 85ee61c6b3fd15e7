"""SVG and PDF files are read in a child process: capped in processor time, memory and output.

One child serves file after file, and is replaced when a file kills it; so a hostile file costs its own record and no
other. Bytes and JSON go through pipes; nothing is pickled. The caps are those of text (fc_pipeline/sources/sandbox.py).
"""

import atexit
import json
import os
import select
import signal
import struct
import subprocess
import sys
from functools import lru_cache
from typing import Any

from fc_pipeline.images.sources.isolated_child import main
from fc_pipeline.sources.readers.item import BadInput
from fc_pipeline.sources.sandbox import CPU_SECONDS, MAX_REPLY_BYTES, MEMORY_BYTES

_CLOCK_SECONDS = 300.0  # for a child that sleeps instead of working; never reached by one that works
_LENGTHS = struct.Struct(">QQ")


class Isolated:
    """Starts its child with the first call. Not for use by two threads at once."""

    def __init__(self, *, cpu_seconds: float = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self._caps = [str(cpu_seconds), str(memory_bytes), str(MAX_REPLY_BYTES)]
        self._child: subprocess.Popen[bytes] | None = None

    def call(self, name: str, data: bytes, **options: Any) -> tuple[Any, list[bytes]]:
        """What the function of that name (isolated_child.FUNCTIONS) answers: plain JSON, and images.

        Raises:
            BadInput: the function refused the file, it took too long ("timeout"), brought the child down
                ("reader_died"), or asked for too much memory or output ("too_large").
        """
        child = self._running()
        assert child.stdin is not None
        header = json.dumps({"function": name, "options": options, "bytes": len(data)})
        try:
            child.stdin.write(header.encode() + b"\n" + data)
            child.stdin.flush()
            said, shown = _LENGTHS.unpack(self._bytes(child, _LENGTHS.size))
            reply = json.loads(self._bytes(child, said))
            blob = self._bytes(child, shown)
        except (BrokenPipeError, EOFError) as error:
            raise self._buried(child) from error
        if "refused" in reply:
            raise BadInput(*reply["refused"])
        images, start = [], 0
        for size in reply["images"]:
            images.append(blob[start : start + size])
            start += size
        return reply["answer"], images

    def close(self) -> None:
        """Ends the child; the next call starts another."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._child is None:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            self._child = subprocess.Popen(
                [sys.executable, "-m", main.__module__, *self._caps],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C is the parent's; the child ends with its pipe
            )
        return self._child

    def _bytes(self, child: "subprocess.Popen[bytes]", wanted: int) -> bytes:
        """Exactly `wanted` bytes of the child's answer. Raises EOFError when it dies or hangs before."""
        assert child.stdout is not None
        parts = []
        while wanted:
            ready, _, _ = select.select([child.stdout], [], [], _CLOCK_SECONDS)
            part = os.read(child.stdout.fileno(), min(wanted, 1 << 20)) if ready else b""
            if not part:
                raise EOFError
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def _buried(self, child: "subprocess.Popen[bytes]") -> BadInput:
        try:
            code = child.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            code = -signal.SIGPROF
        self.close()
        if code == -signal.SIGPROF:
            return BadInput("timeout", f"the reader took more than {self._caps[0]} seconds")
        return BadInput("reader_died", f"the reader ended with {code}")


@lru_cache(maxsize=1)
def isolated() -> Isolated:
    """The child of this process."""
    made = Isolated()
    atexit.register(made.close)
    return made
