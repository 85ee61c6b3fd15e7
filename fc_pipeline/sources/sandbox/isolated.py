"""A child process that reads files which may be made to harm: capped in processor time, memory and output.

One child serves file after file, and is replaced when a file kills it; so a hostile file costs its own record and no
other. Bytes and JSON go through pipes; nothing is pickled. The child's side is `child.py`.
"""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.sandbox.child import FUNCTIONS, LENGTHS, Answer, main

CPU_SECONDS = 10.0
"""Of the child's processor time for a file: unlike the clock, it does not depend on what else the machine does."""
MEMORY_BYTES = 2 << 30
MAX_REPLY_BYTES = 64 << 20
_CLOCK_SECONDS = 300.0  # for a child that sleeps instead of working; never reached by one that works


class Isolated:
    """Starts its child with the first call. Not for use by two threads at once."""

    def __init__(self, *, cpu_seconds: float = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self._caps = [str(cpu_seconds), str(memory_bytes), str(MAX_REPLY_BYTES)]
        self._process: subprocess.Popen[bytes] | None = None

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
        process = self._running()
        assert process.stdin is not None
        header = json.dumps({"function": name, "options": options, "bytes": len(data)})
        try:
            process.stdin.write(header.encode() + b"\n" + data)
            process.stdin.flush()
            json_bytes, blob_bytes = LENGTHS.unpack(self._bytes(process, LENGTHS.size))
            reply: dict[str, Any] = json.loads(self._bytes(process, json_bytes))
            blob = self._bytes(process, blob_bytes)
        except (BrokenPipeError, EOFError) as error:
            raise self._buried(process) from error
        if "refused" in reply:
            raise BadInput(*reply["refused"])
        ends = [0, *accumulate(reply["parts"])]
        return reply["answer"], [blob[start:end] for start, end in pairwise(ends)]

    def close(self) -> None:
        """Ends the child; the next call starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            self._process = subprocess.Popen(
                [sys.executable, "-m", main.__module__, *self._caps],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C is the parent's; the child ends with its pipe
            )
        return self._process

    def _bytes(self, process: "subprocess.Popen[bytes]", wanted: int) -> bytes:
        """Exactly `wanted` bytes of the child's answer. Raises EOFError when it dies or hangs before."""
        assert process.stdout is not None
        parts = []
        while wanted:
            ready, _, _ = select.select([process.stdout], [], [], _CLOCK_SECONDS)
            part = os.read(process.stdout.fileno(), min(wanted, 1 << 20)) if ready else b""
            if not part:
                raise EOFError
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def _buried(self, process: "subprocess.Popen[bytes]") -> BadInput:
        try:
            code = process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            code = -signal.SIGPROF
        self.close()
        if code == -signal.SIGPROF:
            return BadInput("timeout", f"the reader took more than {self._caps[0]} seconds")
        return BadInput("reader_died", f"the reader ended with {code}")


@lru_cache(maxsize=1)
def isolated() -> Isolated:
    """The child of this process."""
    parent = Isolated()
    atexit.register(parent.close)
    return parent
