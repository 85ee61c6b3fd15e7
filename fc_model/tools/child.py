"""The child's side of `sandbox.py`: carries out one call after another, until its input ends."""

import base64
import json
import resource
import signal
import sys
from contextlib import suppress
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fc_model.strict_json import to_json
from fc_model.tools import image_text
from fc_model.tools.folder import Folder
from fc_model.tools.registry import TOOLS
from fc_model.tools.tool import ImageToRead, ToolError

MAX_RESULT_CHARACTERS = 64 * 1024
_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.")
"""Beginnings of the audit events (PEP 578) of connections and of new processes."""


def main(setting: dict[str, Any]) -> None:
    """Serves until the parent is gone. The timer's signal is left to kill the process: it stops native code, too.

    setting: {"folder", "now", "corpus"} as in Sandbox, each may be null; {"cpu_seconds", "memory_bytes"}.
    """
    _cap(setting["memory_bytes"])
    if setting["folder"] is not None:
        image_text.prepare()
    used = {
        "folder": None if setting["folder"] is None else Folder(Path(setting["folder"])),
        "time": None if setting["now"] is None else datetime.fromisoformat(setting["now"]),
        "corpus": None if setting["corpus"] is None else Path(setting["corpus"]),
    }
    channel = Connection(sys.stdin.fileno())
    with suppress(EOFError, BrokenPipeError):
        channel.send_bytes(b"{}")
        while True:
            call = json.loads(channel.recv_bytes())
            signal.setitimer(signal.ITIMER_PROF, setting["cpu_seconds"])
            reply = to_json(_reply(call, used)).encode()
            signal.setitimer(signal.ITIMER_PROF, 0)
            channel.send_bytes(reply)


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


def _cap(memory_bytes: int) -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS takes the call and does not heed it, or refuses it
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    sys.addaudithook(_refuse_connections_and_processes)


def _refuse_connections_and_processes(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(1, f"{event} is not allowed")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
