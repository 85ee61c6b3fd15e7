"""One dialogue: its conversation, and what it takes to run its calls again."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from fc_model.chat.messages import Conversation, ToolCall
from fc_model.strict_json import to_json
from fc_model.tools.call import Outcome, run_call
from fc_model.tools.sandbox import Sandbox
from fc_pipeline.tool_dialogues.masking import MaskedTool


@dataclass(frozen=True)
class Dialogue:
    """A conversation with tools.

    Attributes:
        requests: the kind of each message of the user.
        tools: those that are offered, as the conversation has them.
        files: of the folder before the first call, path -> text.
    """

    requests: tuple[str, ...]
    conversation: Conversation
    tools: tuple[MaskedTool, ...]
    files: Mapping[str, str]

    def calls(self) -> list[ToolCall]:
        """Under their real names, in order."""
        by_name = {tool.name: tool for tool in self.tools}
        messages = self.conversation.messages
        return [by_name[call.name].call(call.arguments) for message in messages for call in message.tool_calls]

    def meta(self, now: datetime) -> dict[str, Any]:
        """For whoever asks or runs it again: {"requests", "now", "files", "tools": {name: {"tool", "parameters"}}}."""
        tools = {tool.name: {"tool": tool.tool, "parameters": dict(tool.parameters)} for tool in self.tools}
        return {"requests": list(self.requests), "now": now.isoformat(), "files": dict(self.files), "tools": tools}


@dataclass
class Workbench:
    """A sandbox whose folder is filled anew for each dialogue. A context manager: its end is the sandbox's."""

    folder: Path
    now: datetime
    corpus: Path | None = None
    _sandbox: Sandbox = field(init=False)

    def __post_init__(self) -> None:
        self._sandbox = Sandbox(folder=self.folder, now=self.now, corpus=self.corpus)

    def fill(self, files: Mapping[str, str]) -> None:
        """The folder has these files and no other."""
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="")

    def run(self, call: ToolCall) -> Outcome:
        return run_call(to_json({"name": call.name, "arguments": call.arguments}), self._sandbox)

    def __enter__(self) -> "Workbench":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sandbox.close()
