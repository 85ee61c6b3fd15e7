"""Where the calls of a conversation run: a child process, capped in processor time, wall-clock time and memory.

One child serves call after call and is replaced when a call kills it. It starts no process and opens no connection.
Files are those of one folder (folder.py). The child's side is `child.py`.
"""

import base64
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from fc_model.errors import UserError
from fc_model.strict_json import to_json
from fc_model.tools.child import main
from fc_model.tools.tool import Tool, ToolError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_REPLY_BYTES = 8 << 20
"""Of a call's reply on its way from the child; an image to read is the longest."""
_START_SECONDS = 60.0
"""For a child to import what it needs, on a busy machine."""
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Each thread of OpenBLAS reserves address space, which is capped."""

Child = tuple["subprocess.Popen[bytes]", "Connection[Any, Any]"]


@dataclass
class Sandbox:
    """The setting of a conversation's calls. A context manager: its end is the child's. Not for two threads at once.

    Attributes:
        folder: of the conversation's files; without one, tools for files say so.
        now: the time of the conversation, which nothing but this decides.
        corpus: an index to search (corpus_search.write_index).
        reader: reads the text of an upright RGB image; a model with vision. It runs in this process, under no cap.
        cpu_seconds: of a call, of the processor: unlike the clock, it does not depend on what else the machine does.
        seconds: of a call, by the clock, for one that waits instead of working.
        memory_bytes: address space of the child; on Linux only.
    """

    folder: Path | None = None
    now: datetime | None = None
    corpus: Path | None = None
    reader: "Callable[[Image], str] | None" = None
    cpu_seconds: float = 1.0
    seconds: float = 10.0
    memory_bytes: int = 1 << 30
    _child: Child | None = field(default=None, init=False, repr=False)

    def run(self, tool: Tool, arguments: dict[str, Any]) -> Any:
        """The result of a call with validated arguments, as plain JSON.

        Raises:
            ToolError: the executor refused, or the child reached a cap.
        """
        channel = self._running()
        try:
            channel.send_bytes(to_json({"tool": tool.name, "arguments": arguments}).encode())
            reply = _received(channel, self.seconds)
        except (OSError, EOFError) as error:
            self.close()
            raise ToolError(f"{tool.name}: took more time or memory than is allowed") from error
        if "error" in reply:
            raise ToolError(f"{tool.name}: {reply['error']}")
        if "png" in reply:
            return self._read(tool, base64.b64decode(reply["png"]))
        return reply["value"]

    def close(self) -> None:
        """Ends the child; the next call starts another."""
        if self._child is not None:
            process, channel = self._child
            process.kill()
            process.wait()
            channel.close()
            self._child = None

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, tool: Tool, png: bytes) -> dict[str, str]:
        from PIL import Image

        if self.reader is None:
            raise ToolError(f"{tool.name}: needs a model with vision, and this conversation has none")
        try:
            return {"text": self.reader(Image.open(io.BytesIO(png)).convert("RGB"))}
        except UserError as error:
            raise ToolError(f"{tool.name}: {error}") from error

    def _running(self) -> "Connection[Any, Any]":
        if self._child is None:
            ours, theirs = socket.socketpair()
            setting = {
                "folder": None if self.folder is None else str(self.folder.absolute()),
                "now": None if self.now is None else self.now.isoformat(),
                "corpus": None if self.corpus is None else str(self.corpus.absolute()),
                "cpu_seconds": self.cpu_seconds,
                "memory_bytes": self.memory_bytes,
            }
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-m", main.__module__, json.dumps(setting)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    start_new_session=True,  # Ctrl-C is the parent's; the child ends with its socket
                )
            self._child = process, Connection(ours.detach())
            try:
                _received(self._child[1], _START_SECONDS)
            except (OSError, EOFError) as error:
                self.close()
                raise UserError("the child process of the tools does not start: free memory, and try again") from error
        return self._child[1]


def _received(channel: "Connection[Any, Any]", seconds: float) -> dict[str, Any]:
    """Raises EOFError when the child dies or takes too long, OSError when it sends more than it may."""
    if not channel.poll(seconds):
        raise EOFError
    reply: dict[str, Any] = json.loads(channel.recv_bytes(MAX_REPLY_BYTES))
    return reply
