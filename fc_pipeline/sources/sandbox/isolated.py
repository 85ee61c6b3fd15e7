"""A child process that reads files which may be made to harm: capped in processor time, memory and output.

One child serves file after file, and is replaced when a file kills it; so a hostile file costs its own record and no
other. Bytes and JSON go through a socket; nothing is pickled. The child's side is `child.py`.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from functools import lru_cache
from multiprocessing.connection import Connection
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.sandbox.child import FUNCTIONS, Answer, main

CPU_SECONDS = 10.0
"""Of the child's processor time for a file: unlike the clock, it does not depend on what else the machine does."""
MEMORY_BYTES = 2 << 30
MAX_REPLY_BYTES = 64 << 20
_CLOCK_SECONDS = 300.0  # for a child that sleeps instead of working; never reached by one that works

Child = tuple["subprocess.Popen[bytes]", "Connection[Any, Any]"]


class Isolated:
    """Starts its child with the first call. Not for use by two threads at once."""

    def __init__(self, *, cpu_seconds: float = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES) -> None:
        self._caps = [str(cpu_seconds), str(memory_bytes), str(MAX_REPLY_BYTES)]
        self._child: Child | None = None

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
        process, channel = self._running()
        try:
            channel.send_bytes(json.dumps({"function": name, "options": options}).encode())
            channel.send_bytes(data)
            reply: dict[str, Any] = json.loads(_received(channel))
            parts = [_received(channel) for _ in range(reply.get("parts", 0))]
        except (OSError, EOFError) as error:
            raise self._buried(process) from error
        if "refused" in reply:
            raise BadInput(*reply["refused"])
        return reply["answer"], parts

    def close(self) -> None:
        """Ends the child; the next call starts another."""
        if self._child is not None:
            process, channel = self._child
            process.kill()
            process.wait()
            channel.close()
            self._child = None

    def _running(self) -> Child:
        if self._child is None:
            ours, theirs = socket.socketpair()
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-m", main.__module__, *self._caps],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    start_new_session=True,  # Ctrl-C is the parent's; the child ends with its socket
                )
            self._child = process, Connection(ours.detach())
        return self._child

    def _buried(self, process: "subprocess.Popen[bytes]") -> BadInput:
        try:
            code = process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            code = -signal.SIGPROF
        self.close()
        if code == -signal.SIGPROF:
            return BadInput("timeout", f"the reader took more than {self._caps[0]} seconds")
        return BadInput("reader_died", f"the reader ended with {code}")


def _received(channel: "Connection[Any, Any]") -> bytes:
    """Raises EOFError when the child dies or hangs, OSError when it sends more than it may."""
    if not channel.poll(_CLOCK_SECONDS):
        raise EOFError
    return channel.recv_bytes(MAX_REPLY_BYTES)


@lru_cache(maxsize=1)
def isolated() -> Isolated:
    parent = Isolated()
    atexit.register(parent.close)
    return parent
