"""The child's side of `isolated.py`: calls one function after another on files, until its input ends."""

import importlib
import json
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput

Answer = Callable[..., tuple[Any, list[bytes]]]
"""(content of the file, **options) to plain JSON and parts of bytes. May raise BadInput."""
FUNCTIONS = {
    "fc_pipeline.images.sources.pdf_pages:count_pages",
    "fc_pipeline.images.sources.pdf_pages:render_pages",
    "fc_pipeline.images.sources.svg:render_svg",
    "fc_pipeline.sources.read_file:read_documents",
}
"""What the child may be told to import and call."""


def main(cpu_seconds: float, memory_bytes: int, max_reply_bytes: int) -> None:
    """Serves until the parent is gone. The timer's signal is left to kill the process: it stops native code too."""
    _cap_memory(memory_bytes)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    channel = Connection(sys.stdin.fileno())
    with suppress(EOFError):
        while True:
            question, data = json.loads(channel.recv_bytes()), channel.recv_bytes()
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
            answer, parts = _answered(question, data)
            reply = json.dumps(answer).encode()
            signal.setitimer(signal.ITIMER_PROF, 0)
            num_bytes = len(reply) + sum(map(len, parts))
            if num_bytes > max_reply_bytes:
                refusal = {"refused": ["too_large", f"what it becomes takes {num_bytes} bytes"]}
                reply, parts = json.dumps(refusal).encode(), []
            for message in (reply, *parts):
                channel.send_bytes(message)


def _answered(question: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    try:
        answer, parts = _function(question["function"])(data, **question["options"])
    except BadInput as error:
        return {"refused": [error.reason, error.detail]}, []
    except MemoryError:
        return {"refused": ["too_large", "its reader ran out of memory"]}, []
    except RecursionError:
        return {"refused": ["too_deep", "nested deeper than the reader bears"]}, []
    return {"answer": answer, "parts": len(parts)}, parts


def _function(name: str) -> Answer:
    if name not in FUNCTIONS:
        raise ValueError(f"{name} is not one of FUNCTIONS")
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _cap_memory(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS takes the call and does not heed it, or refuses it
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
