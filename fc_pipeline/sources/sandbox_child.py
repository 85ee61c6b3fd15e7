"""The child of fc_pipeline/sources/sandbox.py: reads a file, answers, reads the next, until its input ends."""

import json
import resource
import signal
import struct
import sys
from typing import Any, BinaryIO

from fc_pipeline.sources.readers import READERS
from fc_pipeline.sources.readers.item import BadInput, Item
from fc_pipeline.sources.schema import FileSpec

_LENGTH = struct.Struct(">Q")


def main(cpu_seconds: float, memory_bytes: int, max_reply_bytes: int) -> None:
    """Serves until end of file. The timer's signal is left to kill the process: it stops native code too."""
    _cap_memory(memory_bytes)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    while header := sys.stdin.buffer.readline():
        request = json.loads(header)
        data = _exactly(sys.stdin.buffer, request["bytes"])
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        reply = json.dumps(_read(data, FileSpec.model_validate(request["spec"]))).encode()
        signal.setitimer(signal.ITIMER_PROF, 0)
        if len(reply) > max_reply_bytes:
            reply = json.dumps({"refused": ["too_large", f"its text takes {len(reply)} bytes"]}).encode()
        sys.stdout.buffer.write(_LENGTH.pack(len(reply)) + reply)
        sys.stdout.buffer.flush()


def _read(data: bytes, spec: FileSpec) -> dict[str, Any]:
    entries: list[list[Any]] = []
    try:
        for item in READERS[spec.format](data, spec):
            entries += [list(item) if isinstance(item, Item) else [item.reason, item.detail]]
    except BadInput as error:
        return {"items": [*entries, [error.reason, error.detail]]}
    except MemoryError:
        return {"refused": ["too_large", "its reader ran out of memory"]}
    except RecursionError:
        return {"refused": ["too_deep", "nested deeper than the reader bears"]}
    return {"items": entries}


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
