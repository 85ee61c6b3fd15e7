"""Image files of a set, decoded once and passed on so that any reader sees them upright, and the places of words."""

import io
import math
import os.path
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from fc_model.data.images.decode import BadImage, decode_file
from fc_model.data.images.formats import content_format
from fc_model.data.images.limits import ImageLimits
from fc_model.data.images.record import Box, Line, Word, union
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.globs import is_plain

_EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
_MIN_INSIDE = 0.5
"""Part of a box that must be inside the image."""
_MIN_ROOM, _MAX_ROOM = 0.1, 20.0
"""Of a character along its word, in shorter sides of the word's box: an l is as narrow, a dash as flat."""

Frame = Literal["upright", "stored"]
"""What the coordinates of a label are of: the picture as it is shown, or its pixels before EXIF's turn."""


class Picture(NamedTuple):
    """An encoded image that any reader decodes to the same upright pixels, with its size."""

    data: bytes
    extension: str
    """png, jpg or webp, by the content."""
    width: int
    height: int
    orientation: int = 1
    """EXIF's, in the file that was read."""

    def size(self, frame: Frame) -> tuple[int, int]:
        """Width and height in pixels."""
        is_swapped = frame == "stored" and self.orientation >= 5
        return (self.height, self.width) if is_swapped else (self.width, self.height)

    def frame_of(self, width: float, height: float) -> Frame:
        """The frame that labels are in whose maker saw a picture of this shape; upright where both are."""
        shape = self.width * height - self.height * width
        turned = self.height * height - self.width * width
        return "stored" if self.orientation >= 5 and abs(turned) < abs(shape) else "upright"

    def upright(self, x: float, y: float) -> tuple[float, float]:
        """A point of the stored pixels where the upright picture shows it (EXIF 2.3, 4.6.4, Orientation)."""
        if self.orientation >= 5:
            x, y = y, x
        return (
            self.width - x if self.orientation in {2, 3, 6, 7} else x,
            self.height - y if self.orientation in {3, 4, 7, 8} else y,
        )


def picture(data: bytes, limits: ImageLimits) -> Picture:
    """Raises BadInput, with the reason of BadImage, for what cannot be decoded within the limits."""
    try:
        image, orientation, is_plain = decode_file(data, limits=limits)
    except BadImage as bad:
        raise BadInput(bad.reason, bad.detail) from bad
    extension = _EXTENSIONS.get(content_format(data) or "")
    if extension is None or not is_plain:
        file = io.BytesIO()
        image.save(file, "PNG")
        data, extension = file.getvalue(), "png"
    return Picture(data, extension, *image.size, orientation)


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


def box_in(picture: Picture, points: Iterable[tuple[float, float]], *, frame: Frame) -> Box | None:
    """The box around points of the frame, in whole pixels of the upright picture, grown outwards and cut at its edges.

    None when less than half of it is inside. Raises ValueError for a coordinate that is no number.
    """
    corners = list(points)
    if not all(abs(value) < 1e9 for point in corners for value in point):
        raise ValueError(f"box {corners} is no box of pixels")
    xs, ys = zip(*(picture.upright(x, y) if frame == "stored" else (x, y) for x, y in corners), strict=True)
    left, top, right, bottom = (round(side, 6) for side in (min(xs), min(ys), max(xs), max(ys)))  # 21.0000001 is 21
    inside = max(left, 0), max(top, 0), min(right, picture.width), min(bottom, picture.height)
    if (
        inside[0] >= inside[2]
        or inside[1] >= inside[3]
        or _area(inside) < _MIN_INSIDE * _area((left, top, right, bottom))
    ):
        return None
    return math.floor(inside[0]), math.floor(inside[1]), math.ceil(inside[2]), math.ceil(inside[3])


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def fits(text: str, box: Box) -> bool:
    """Whether a word of this text, upright or turned, can fill the box."""
    shorter, longer = sorted((box[2] - box[0], box[3] - box[1]))
    return len(text) > 0 and _MIN_ROOM * shorter <= longer / len(text) <= _MAX_ROOM * shorter


def placed(rows: Iterable[Iterable[tuple[str, Box | None]]]) -> tuple[list[Word], list[Line]]:
    """Words with a box inside the image that they can fill, and the lines that have any."""
    words: list[Word] = []
    lines: list[Line] = []
    for row in rows:
        inside = [(text.strip(), box) for text, box in row if text.strip() and box and fits(text.strip(), box)]
        if inside:
            words += [Word(text, box, len(lines)) for text, box in inside]
            lines.append(Line(" ".join(text for text, _ in inside), union([box for _, box in inside])))
    return words, lines
