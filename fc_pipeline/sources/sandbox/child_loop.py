"""The child's side of `capped_child.py`: answers one question after another, until its input ends."""

import json
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from fc_pipeline.sources.readers.item import BadInput

LENGTHS = struct.Struct(">QQ")
"""In front of an answer: bytes of its JSON, and of what follows that."""
Answer = Callable[[dict[str, Any], bytes], tuple[dict[str, Any], list[bytes]]]
"""(question, content of the file) to plain JSON and bytes. May raise BadInput."""


def serve(answer: Answer, *, cpu_seconds: float, memory_bytes: int, max_reply_bytes: int) -> None:
    """Serves until end of file. The timer's signal is left to kill the process: it stops native code too."""
    _cap_memory(memory_bytes)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    while header := sys.stdin.buffer.readline():
        question = json.loads(header)
        data = _exactly(sys.stdin.buffer, question["bytes"])
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        said, shown = _answered(answer, question, data)
        reply, blob = json.dumps(said).encode(), b"".join(shown)
        signal.setitimer(signal.ITIMER_PROF, 0)
        if len(reply) + len(blob) > max_reply_bytes:
            detail = f"what it becomes takes {len(reply) + len(blob)} bytes"
            reply, blob = json.dumps({"refused": ["too_large", detail]}).encode(), b""
        sys.stdout.buffer.write(LENGTHS.pack(len(reply), len(blob)) + reply + blob)
        sys.stdout.buffer.flush()


def _answered(answer: Answer, question: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    try:
        return answer(question, data)
    except BadInput as error:
        return {"refused": [error.reason, error.detail]}, []
    except MemoryError:
        return {"refused": ["too_large", "its reader ran out of memory"]}, []
    except RecursionError:
        return {"refused": ["too_deep", "nested deeper than the reader bears"]}, []


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:  # the parent is gone
        sys.exit(1)
    return data


def _cap_memory(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS takes the call and does not heed it, or refuses it
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
