"""The child's side of `isolated.py`: calls one function after another on files, until its input ends."""

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

from fc_model.capped_child import serve
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


def main(setting: dict[str, Any]) -> None:
    """Serves until the parent is gone. setting: {"cpu_seconds", "memory_bytes", "max_reply_bytes"}."""

    def answer(question: bytes, data: bytes) -> list[bytes]:
        value, parts = _answered(json.loads(question), data)
        reply = json.dumps(value).encode()
        num_bytes = len(reply) + sum(map(len, parts))
        if num_bytes > setting["max_reply_bytes"]:
            refusal = {"refused": ["too_large", f"what it becomes takes {num_bytes} bytes"]}
            return [json.dumps(refusal).encode()]
        return [reply, *parts]

    serve(answer, num_messages=2, cpu_seconds=setting["cpu_seconds"], memory_bytes=setting["memory_bytes"])


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


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
