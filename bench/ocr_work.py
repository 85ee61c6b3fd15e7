"""What every side of the bench of images is given, and how it is timed. Standard library and Pillow alone.

FOLDER/lines.jsonl and FOLDER/pages.jsonl hold one picture a line; FOLDER/<task>-<side>.json is a side's answer.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PNG_LEVEL = 3
"""Of zlib: ours, and so everyone's."""


class Picture(NamedTuple):
    """A picture to draw: what ours drew, so that the others get the same text in the same face."""

    words: list[list[str]]
    """By line."""
    font: str
    """File of the face."""
    size: int
    """Pixels an em."""
    width: int
    height: int
    """Pixels of ours."""

    @property
    def text(self) -> str:
        return "\n".join(" ".join(line) for line in self.words)


def write_work(folder: Path, task: str, pictures: Sequence[Picture]) -> None:
    lines = [json.dumps(picture._asdict()) for picture in pictures]
    (folder / f"{task}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def read_work(folder: Path, task: str) -> list[Picture]:
    return [Picture(**json.loads(line)) for line in (folder / f"{task}.jsonl").read_text("utf-8").splitlines()]


def time_side(
    folder: Path,
    task: str,
    side: str,
    *,
    draw: Callable[[int], Any],
    png: Callable[[Any], bytes],
    count: int,
    warmup: Callable[[], object],
) -> None:
    """Draw pictures 0 to `count` - 1, then make files of them, and write what both took.

    draw: gives the picture of a number, or None when the side fails on it. Imports and `warmup` are not timed.
    """
    warmup()
    began = time.process_time()
    drawn = [draw(number) for number in range(count)]
    half = time.process_time()
    files = [png(picture) for picture in drawn if picture is not None]
    ended = time.process_time()
    answer = {
        "images": len(files),
        "draw": half - began,
        "png": ended - half,
        "bytes": sum(map(len, files)),
        "sizes": sizes([picture for picture in drawn if picture is not None]),
    }
    (folder / f"{task}-{side}.json").write_text(json.dumps(answer), "utf-8")


def sizes(pictures: Sequence[Any]) -> list[int]:
    """Mean width and height. A picture is an image, or carries one first."""
    images = [picture if hasattr(picture, "size") else picture[0] for picture in pictures]
    return [round(sum(image.size[axis] for image in images) / max(1, len(images))) for axis in (0, 1)]


def grey_png(image: Any) -> bytes:
    """A file with one channel, which costs least; the other sides draw black on white."""
    file = io.BytesIO()
    image.convert("L").save(file, "PNG", compress_level=PNG_LEVEL)
    return file.getvalue()
