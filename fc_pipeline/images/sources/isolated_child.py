"""The child of fc_pipeline/images/sources/isolated.py: answers one call after another, until its input ends."""

import json
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from fc_pipeline.images.sources.pdf_pages import count_pages, render_pages
from fc_pipeline.images.sources.svg import render_svg
from fc_pipeline.sources.readers.item import BadInput

_LENGTHS = struct.Struct(">QQ")
Answer = tuple[Any, list[bytes]]
FUNCTIONS: dict[str, Callable[..., Answer]] = {
    "count_pages": count_pages,
    "render_pages": render_pages,
    "render_svg": render_svg,
}
"""Functions of (data, **options) that answer plain JSON and images."""


def main(cpu_seconds: float, memory_bytes: int, max_reply_bytes: int) -> None:
    """Serves until end of file. The timer's signal is left to kill the process: it stops native code too."""
    _cap_memory(memory_bytes)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    while header := sys.stdin.buffer.readline():
        request = json.loads(header)
        data = _exactly(sys.stdin.buffer, request["bytes"])
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        said, images = _call(FUNCTIONS[request["function"]], data, request["options"])
        signal.setitimer(signal.ITIMER_PROF, 0)
        reply, blob = json.dumps(said).encode(), b"".join(images)
        if len(reply) + len(blob) > max_reply_bytes:
            detail = f"what it becomes takes {len(reply) + len(blob)} bytes"
            reply, blob = json.dumps({"refused": ["too_large", detail]}).encode(), b""
        sys.stdout.buffer.write(_LENGTHS.pack(len(reply), len(blob)) + reply + blob)
        sys.stdout.buffer.flush()


def _call(function: Callable[..., Answer], data: bytes, options: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    try:
        answer, images = function(data, **options)
    except BadInput as error:
        return {"refused": [error.reason, error.detail]}, []
    except MemoryError:
        return {"refused": ["too_large", "its reader ran out of memory"]}, []
    except RecursionError:
        return {"refused": ["too_deep", "nested deeper than the reader bears"]}, []
    return {"answer": answer, "images": [len(image) for image in images]}, images


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:  # the parent is gone
        sys.exit(1)
    return data


def _cap_memory(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS takes the call and does not heed it, or refuses it
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
