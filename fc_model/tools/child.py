"""The child's side of `sandbox.py`: carries out one call after another, until its input ends."""

import base64
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from fc_model.capped_child import serve
from fc_model.strict_json import to_json
from fc_model.tools import image_text
from fc_model.tools.folder import Folder
from fc_model.tools.registry import TOOLS
from fc_model.tools.tool import ImageToRead, ToolError

MAX_RESULT_CHARACTERS = 64 * 1024
_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.")
"""Beginnings of the audit events (PEP 578) of connections and of new processes."""


def main(setting: dict[str, Any]) -> None:
    """Serves until the parent is gone.

    setting: {"folder", "now", "corpus"} as in Sandbox, each may be null; {"cpu_seconds", "memory_bytes"}.
    """
    refuse_connections_and_processes()
    if setting["folder"] is not None:
        image_text.prepare()
    used = {
        "folder": None if setting["folder"] is None else Folder(Path(setting["folder"])),
        "time": None if setting["now"] is None else datetime.fromisoformat(setting["now"]),
        "corpus": None if setting["corpus"] is None else Path(setting["corpus"]),
    }

    def answer(call: bytes) -> list[bytes]:
        return [to_json(_reply(json.loads(call), used)).encode()]

    serve(answer, num_messages=1, cpu_seconds=setting["cpu_seconds"], memory_bytes=setting["memory_bytes"])


def _reply(call: dict[str, Any], used: dict[str, Any]) -> dict[str, Any]:
    tool = TOOLS[call["tool"]]
    try:
        if tool.uses is not None and used[tool.uses] is None:
            raise ToolError(f"this conversation has no {tool.uses}")
        before = () if tool.uses is None else (used[tool.uses],)
        value = tool.executor(*before, **call["arguments"])
        if isinstance(value, ImageToRead):
            return {"png": base64.b64encode(value.png).decode()}
        if len(to_json(value)) > MAX_RESULT_CHARACTERS:
            raise ToolError(f"the result has more than {MAX_RESULT_CHARACTERS} characters: ask for less")
    except ToolError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "needs more memory than is allowed"}
    except OSError as error:
        return {"error": f"the file cannot be used ({error.strerror})"}
    except Exception as error:  # a fault of the tool, which must not end a conversation; no test may meet one
        return {"error": f"internal error ({type(error).__name__})"}
    return {"value": value}


def refuse_connections_and_processes() -> None:
    """From now on, in this process: an audit hook cannot be taken out again."""

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event.startswith(_FORBIDDEN):
            raise PermissionError(1, f"{event} is not allowed")

    sys.addaudithook(refuse)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
