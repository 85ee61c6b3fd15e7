"""A child process that may come to harm by what it is given: capped in processor time and memory. Both sides of it.

One child serves call after call. Whoever uses it ends one that reached a cap, and starts another. Messages are bytes on
a socket; nothing is pickled. Processor time does not depend on what else the machine does, unlike the clock, which is
for a child that waits instead of working.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from fc_model.errors import UserError

_START_SECONDS = 60.0
"""For a child to import what it needs, on a busy machine."""


class CappedChild:
    """The parent's side. Not for use by two threads at once."""

    def __init__(self, module: str, argument: str, *, environment: Mapping[str, str] | None = None) -> None:
        """Start `module`, which calls `serve`, with one argument.

        `environment` adds to this process's. Raises UserError when it does not start.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, argument],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **(environment or {}), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,  # Ctrl-C is the parent's; the child ends with its socket
            )
        self._channel: Connection[Any, Any] = Connection(ours.detach())
        try:
            self.receive(seconds=_START_SECONDS, max_bytes=0)
        except (OSError, EOFError) as error:
            self.end()
            raise UserError(f"the child process {module} does not start: free memory, and try again") from error

    def send(self, *messages: bytes) -> None:
        """Raises OSError when the child is dead."""
        for message in messages:
            self._channel.send_bytes(message)

    def receive(self, *, seconds: float, max_bytes: int) -> bytes:
        """One message. Raises EOFError when the child dies or takes too long, OSError for more than `max_bytes`."""
        if not self._channel.poll(seconds):
            raise EOFError
        return self._channel.recv_bytes(max_bytes)

    def end(self, *, wait: float = 0.0) -> int | None:
        """Kill it. Returns the status with which it ended by itself within `wait` seconds, None where it did not."""
        status = None
        with suppress(subprocess.TimeoutExpired):
            status = self._process.wait(wait)
        self._process.kill()
        self._process.wait()
        self._channel.close()
        return status


def serve(answer: Callable[..., Sequence[bytes]], *, num_messages: int, cpu_seconds: float, memory_bytes: int) -> None:
    """The child's side: answers every `num_messages` messages with some, until the parent is gone.

    The timer's signal is left to kill the process: it stops native code, too. `memory_bytes` is address space, which
    only Linux caps: macOS takes the call and does not heed it, or refuses it.
    """
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    channel: Connection[Any, Any] = Connection(sys.stdin.fileno())
    with suppress(EOFError, ConnectionError):
        channel.send_bytes(b"")  # it has started
        while True:
            messages = [channel.recv_bytes() for _ in range(num_messages)]
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
            replies = answer(*messages)
            signal.setitimer(signal.ITIMER_PROF, 0)
            for reply in replies:
                channel.send_bytes(reply)
