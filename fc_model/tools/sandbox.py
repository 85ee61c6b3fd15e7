"""Where the calls of a conversation run: a child process, capped in processor time, wall-clock time and memory.

One child serves call after call and is replaced when a call kills it. It starts no process and opens no connection.
Files are those of one folder (folder.py). The child's side is `child.py`; what caps it, fc_model/capped_child.py.
"""

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from fc_model.capped_child import CappedChild
from fc_model.errors import UserError
from fc_model.strict_json import to_json
from fc_model.tools.child import main
from fc_model.tools.tool import Tool, ToolError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_REPLY_BYTES = 8 << 20
"""Of a call's reply on its way from the child; an image to read is the longest."""
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Each thread of OpenBLAS reserves address space, which is capped."""


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
    _child: CappedChild | None = field(default=None, init=False, repr=False)

    def run(self, tool: Tool, arguments: dict[str, Any]) -> Any:
        """The result of a call with validated arguments, as plain JSON.

        Raises:
            ToolError: the executor refused, or the child reached a cap.
        """
        child = self._running()
        try:
            child.send(to_json({"tool": tool.name, "arguments": arguments}).encode())
            reply = json.loads(child.receive(seconds=self.seconds, max_bytes=MAX_REPLY_BYTES))
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
            self._child.end()
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

    def _running(self) -> CappedChild:
        if self._child is None:
            setting = {
                "folder": None if self.folder is None else str(self.folder.absolute()),
                "now": None if self.now is None else self.now.isoformat(),
                "corpus": None if self.corpus is None else str(self.corpus.absolute()),
                "cpu_seconds": self.cpu_seconds,
                "memory_bytes": self.memory_bytes,
            }
            self._child = CappedChild(main.__module__, json.dumps(setting), environment=_ONE_THREAD)
        return self._child
