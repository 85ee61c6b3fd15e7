"""A child process that reads files which may be made to harm: capped in processor time, memory and output.

One child serves file after file, and is replaced when a file kills it; so a hostile file costs its own document and
no other. Bytes and JSON go through pipes; nothing is pickled.
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

from fc_pipeline.sources.readers.item import BadInput, Item
from fc_pipeline.sources.schema import FileSpec

CPU_SECONDS = 10.0
"""Of the child's processor time for a file: unlike the clock, it does not depend on what else the machine does."""
MEMORY_BYTES = 2 << 30
MAX_REPLY_BYTES = 64 << 20
_CLOCK_SECONDS = 300.0  # for a child that sleeps instead of working; never reached by one that works
_LENGTH = struct.Struct(">Q")


class Sandbox:
    """Starts its child with the first file. Not for use by two threads at once."""

    def __init__(self, *, cpu_seconds: float = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self._caps = [str(cpu_seconds), str(memory_bytes), str(MAX_REPLY_BYTES)]
        self._child: subprocess.Popen[bytes] | None = None

    def read(self, data: bytes, spec: FileSpec) -> list[Item | BadInput]:
        """The documents of a file.

        Raises:
            BadInput: it took too long ("timeout"), brought the reader down ("reader_died"), or asked for too much
                memory or text ("too_large").
        """
        child = self._running()
        assert child.stdin is not None
        header = json.dumps({"spec": spec.model_dump(mode="json"), "bytes": len(data)})
        try:
            child.stdin.write(header.encode() + b"\n" + data)
            child.stdin.flush()
            reply = json.loads(self._bytes(child, _LENGTH.unpack(self._bytes(child, _LENGTH.size))[0]))
        except (BrokenPipeError, EOFError) as error:
            raise self._buried(child) from error
        if "refused" in reply:
            raise BadInput(*reply["refused"])
        return [Item(*entry) if len(entry) == 3 else BadInput(*entry) for entry in reply["items"]]

    def close(self) -> None:
        """Ends the child; the next file starts another."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._child is None:
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            self._child = subprocess.Popen(
                [sys.executable, "-m", "fc_pipeline.sources.sandbox_child", *self._caps],
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
        code = child.poll()
        if code is None:
            try:
                code = child.wait(timeout=1.0)
            except subprocess.TimeoutExpired:
                code = -signal.SIGPROF
        self.close()
        if code == -signal.SIGPROF:
            return BadInput("timeout", f"the reader took more than {self._caps[0]} seconds")
        return BadInput("reader_died", f"the reader ended with {code}")


@lru_cache(maxsize=1)
def sandbox() -> Sandbox:
    """The sandbox of this process."""
    made = Sandbox()
    atexit.register(made.close)
    return made
