"""Image files of a set, decoded once and passed on as they are, and the places of words in them."""

import io
import os.path
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from fc_model.data.images.decode import BadImage, decode
from fc_model.data.images.formats import content_format
from fc_model.data.images.limits import ImageLimits
from fc_model.data.images.record import Box, Line, Word, union
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.globs import is_plain

_EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}


class Picture(NamedTuple):
    """An encoded image that can be decoded, with its upright size in pixels."""

    data: bytes
    extension: str
    """png, jpg or webp, by the content."""
    width: int
    height: int


def picture(data: bytes, limits: ImageLimits) -> Picture:
    """Raises BadInput, with the reason of BadImage, for what cannot be decoded within the limits."""
    try:
        image = decode(data, limits=limits)
    except BadImage as bad:
        raise BadInput(bad.reason, bad.detail) from bad
    extension = _EXTENSIONS.get(content_format(data) or "")
    if extension is None:
        file = io.BytesIO()
        image.save(file, "PNG")
        return Picture(file.getvalue(), "png", *image.size)
    return Picture(data, extension, *image.size)


def picture_file(folder: Path, *names: str, limits: ImageLimits) -> Picture:
    """The first of these files below the folder that is there.

    Raises BadInput: unsafe_path for a name that leads out of the folder, missing_image, and as `picture`.
    """
    for name in names:
        if not is_plain(name):
            raise BadInput("unsafe_path", f"{name!r} is no plain path below the folder")
        path = folder / name
        if is_file(path):
            size = path.stat().st_size
            if size > limits.max_bytes:
                raise BadInput("too_many_bytes", f"{name}: {size} bytes exceed {limits.max_bytes}")
            return picture(path.read_bytes(), limits)
    raise BadInput("missing_image", f"none of {', '.join(names)}")


def is_file(path: Path) -> bool:
    """False, not OSError as from Path.is_file, for a name that no file can have, like a long one."""
    return os.path.isfile(path)  # noqa: PTH113


def box_in(picture: Picture, left: float, top: float, right: float, bottom: float) -> Box | None:
    """The box in whole pixels, grown outwards and cut at the image's edges; None when nothing of it is inside.

    Raises ValueError for a coordinate that is no number.
    """
    if not all(abs(value) < 1e9 for value in (left, top, right, bottom)):
        raise ValueError(f"box {(left, top, right, bottom)} is no box of pixels")
    box = (
        max(0, int(left // 1)),
        max(0, int(top // 1)),
        min(picture.width, int(-(-right // 1))),
        min(picture.height, int(-(-bottom // 1))),
    )
    return box if box[0] < box[2] and box[1] < box[3] else None


def placed(rows: Iterable[Iterable[tuple[str, Box | None]]]) -> tuple[list[Word], list[Line]]:
    """Words with a box inside the image, and the lines that have any."""
    words: list[Word] = []
    lines: list[Line] = []
    for row in rows:
        inside = [(text.strip(), box) for text, box in row if text.strip() and box]
        if inside:
            words += [Word(text, box, len(lines)) for text, box in inside]
            lines.append(Line(" ".join(text for text, _ in inside), union([box for _, box in inside])))
    return words, lines
