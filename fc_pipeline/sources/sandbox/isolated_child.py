"""The child of fc_pipeline/sources/sandbox/isolated.py: draws SVGs, counts and renders pages of PDFs."""

import sys
from collections.abc import Callable
from typing import Any

from fc_pipeline.images.sources.pdf_pages import count_pages, render_pages
from fc_pipeline.images.sources.svg import render_svg
from fc_pipeline.sources.sandbox.child_loop import serve

FUNCTIONS: dict[str, Callable[..., tuple[Any, list[bytes]]]] = {
    "count_pages": count_pages,
    "render_pages": render_pages,
    "render_svg": render_svg,
}
"""Functions of (data, **options) that answer plain JSON and images."""


def main(cpu_seconds: float, memory_bytes: int, max_reply_bytes: int) -> None:
    """Serves until end of file."""
    serve(_call, cpu_seconds=cpu_seconds, memory_bytes=memory_bytes, max_reply_bytes=max_reply_bytes)


def _call(question: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    answer, images = FUNCTIONS[question["function"]](data, **question["options"])
    return {"answer": answer, "images": [len(image) for image in images]}, images


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
