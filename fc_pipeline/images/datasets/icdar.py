"""ICDAR Robust Reading: Focused (2013) and Incidental (2015) Scene Text, localisation with transcriptions.

Format (rrc.cvc.uab.es, challenges 2 and 4): for `<image>.jpg` a file `gt_<image>.txt`, UTF-8, often with a byte order
mark, a word a line:

* 2013: `left, top, right, bottom, "text"`, in its training part separated by spaces;
* 2015: `x1,y1,x2,y2,x3,y3,x4,y4,text`, clockwise from the upper left; text may hold commas.

`###` stands for a word that people could not read ("do not care"). Images and texts are packed apart
(ch4_training_images, ch4_training_localization_transcription_gt, ch4_test_images, Challenge4_Test_Task4_GT), and names
of the training and the test part are the same: they are told apart by `train` in their path.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from fc_model.data.images.record import Line, Word
from fc_pipeline.images.datasets.annotations import annotation_files, read_text, split_of
from fc_pipeline.images.datasets.base import BadInput, DatasetLimits, Result, Sample, samples
from fc_pipeline.images.datasets.pictures import box_in, image_sample, picture_file

_UNREADABLE = "###"
_IMAGES = {".jpg", ".jpeg", ".png", ".gif", ".bmp"}
_NUMBER = r"\s*(-?\d+(?:\.\d+)?)\s*"
_QUAD = re.compile(",".join([_NUMBER] * 8) + ",(.*)")
_BOX = re.compile(r"[,\s]".join([_NUMBER] * 4) + r',?\s*"(.*)"\s*')


class _Label(NamedTuple):
    points: list[tuple[float, float]]
    text: str


def read_2013(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image of Focused Scene Text. Raises UserError without `gt_*.txt`."""
    yield from _read(folder, "icdar2013", "scene/focused", limits)


def read_2015(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image of Incidental Scene Text. Raises UserError without `gt_*.txt`."""
    yield from _read(folder, "icdar2015", "scene/incidental", limits)


def _read(folder: Path, source: str, kind: str, limits: DatasetLimits) -> Iterator[Result]:
    paths = annotation_files(folder, "**/gt_*.txt", source=source)
    images: dict[tuple[str, str], str] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _IMAGES:
            name = path.relative_to(folder).as_posix()
            images.setdefault((split_of(name), path.stem), name)
    build = partial(_sample, folder=folder, source=source, kind=kind, images=images, limits=limits)
    yield from samples(source, ((path.relative_to(folder).as_posix(), path) for path in paths), build, limits=limits)


def _sample(
    key: str,
    path: Path,
    *,
    folder: Path,
    source: str,
    kind: str,
    images: dict[tuple[str, str], str],
    limits: DatasetLimits,
) -> Sample:
    split = split_of(key)
    stem = path.stem.removeprefix("gt_")
    if (split, stem) not in images:
        raise BadInput("missing_image", f"no image {stem} for it in the same part of the set")
    labels = list(_labels(read_text(path, limits).split("\n")))
    image = picture_file(folder, images[split, stem], limits=limits.image)
    words: list[Word] = []
    quads: list[list[float]] = []
    unreadable: list[list[int]] = []
    for label in labels:
        xs, ys = zip(*label.points, strict=True)
        box = box_in(image, min(xs), min(ys), max(xs), max(ys))
        if box is None:
            raise BadInput("invalid_box", f"{label.text!r} at {label.points} is outside {image.width}x{image.height}")
        if label.text == _UNREADABLE:
            unreadable.append(list(box))
        else:
            words.append(Word(label.text, box, len(words)))
            quads.append([value for point in label.points for value in point])
    return image_sample(
        source,
        image,
        id=f"{source}/{images[split, stem]}",
        kind=kind,
        family="text",
        split=split,
        text=None if unreadable else "\n".join(word.text for word in words),
        words=words,
        lines=[Line(word.text, word.box) for word in words],
        meta={"quads": quads, "unreadable": unreadable},
    )


def _labels(lines: Iterable[str]) -> Iterator[_Label]:
    """Raises BadInput for a line of neither form."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if found := _QUAD.fullmatch(line):
            values = [float(value) for value in found.groups()[:8]]
            yield _Label(list(zip(values[0::2], values[1::2], strict=True)), found[9].strip())
        elif found := _BOX.fullmatch(line):
            left, top, right, bottom = (float(value) for value in found.groups()[:4])
            yield _Label([(left, top), (right, top), (right, bottom), (left, bottom)], found[5].replace('\\"', '"'))
        else:
            raise BadInput(
                "invalid_record", f"line {number} is neither a box nor a quadrilateral with text: {line[:80]!r}"
            )
