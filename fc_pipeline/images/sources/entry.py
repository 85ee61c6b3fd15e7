"""What travels through a source of images: an entry on its way to a worker, and what the worker made of it.

All of it is named tuples of plain values, so that any executor can send it (fc_pipeline/executors/serialization.py).
"""

import io
import random
from typing import Any, NamedTuple

from PIL import Image

from fc_model.data.images.record import Family, ImageRecord, Question
from fc_pipeline.catalogue.bad_input import BadInput


class Entry(NamedTuple):
    """A record in the making: its bytes are not decoded yet."""

    path: str
    """Unique within the source; the record's id is `<source>/<path>`."""
    content: bytes | BadInput
    licence: str
    kind: str = ""
    """What it shows, and its family: those of the record."""
    family: Family = "natural"
    caption: str | None = None
    questions: list[tuple[str, list[str], str]] = []  # noqa: RUF012  (never changed)
    """(question, answers, kind)."""
    split: str | None = None
    """train or holdout when the source says so."""
    meta: dict[str, Any] = {}  # noqa: RUF012


class Dropped(NamedTuple):
    """A record that the source has and that is left out on purpose."""

    path: str
    reason: str


class Refused(NamedTuple):
    """A record that goes to quarantine."""

    path: str
    reason: str
    detail: str


class Made(NamedTuple):
    """A finished record (as JSON; its split is not decided) with its encoded images."""

    path: str
    record: dict[str, Any]
    images: list[bytes]
    split: str | None


Result = Made | Dropped | Refused


def made(entry: Entry, image: Image.Image, *, source: str) -> Made:
    """The entry with its RGB image: one PNG, whose pixels are all that is kept of the source's bytes."""
    record = ImageRecord(
        id=f"{source}/{entry.path}",
        source=source,
        kind=entry.kind,
        family=entry.family,
        licence=entry.licence,
        width=image.width,
        height=image.height,
        caption=entry.caption,
        questions=[Question(question=text, answers=answers, kind=kind) for text, answers, kind in entry.questions],
        meta=entry.meta,
    )
    return Made(entry.path, record.to_json(), [png(image)], entry.split)


def png(image: Image.Image) -> bytes:
    """The pixels as PNG, without any metadata."""
    stream = io.BytesIO()
    Image.frombytes(image.mode, image.size, image.tobytes()).save(stream, format="PNG")
    return stream.getvalue()


def fitted(image: Image.Image, max_side: int | None) -> Image.Image:
    """Scaled down, when a side is longer than `max_side` pixels; the aspect is kept."""
    longest = max(image.size)
    if max_side is None or longest <= max_side:
        return image
    width, height = (max(1, round(side * max_side / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def chance(seed: int, path: str) -> random.Random:
    """Randomness that only the seed and the record's path decide."""
    return random.Random(f"{seed}/{path}")


def words_of(name: str) -> str:
    """A file name or identifier as words: `pie-chart_2` is `pie chart 2`."""
    return " ".join(name.replace("_", " ").replace("-", " ").split())
