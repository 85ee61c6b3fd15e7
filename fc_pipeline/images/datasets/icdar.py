"""ICDAR Robust Reading: Focused (2013) and Incidental (2015) Scene Text, localisation with transcriptions.

Format (rrc.cvc.uab.es, challenges 2 and 4): for `<image>.jpg` a file `gt_<image>.txt`, UTF-8, often with a byte order
mark, a word a line:

* 2013: `left, top, right, bottom, "text"`, in its training part separated by spaces;
* 2015: `x1,y1,x2,y2,x3,y3,x4,y4,text`, clockwise from the upper left; text may hold commas.

Coordinates are of the stored pixels, before EXIF's turn. `###` stands for a word that people could not read ("do not
care"). Images and texts are packed apart
(ch4_training_images, ch4_training_localization_transcription_gt, ch4_test_images, Challenge4_Test_Task4_GT), and names
of the training and the test part are the same: they are told apart by `train` in their path.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from fc_model.data.images.record import Box, Line, Word
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets.annotations import split_of
from fc_pipeline.images.datasets.base import Result, Sample, SetFolder
from fc_pipeline.images.datasets.pictures import box_in, fits

_UNREADABLE = "###"
_IMAGES = {".jpg", ".jpeg", ".png", ".gif", ".bmp"}
_NUMBER = r"\s*(-?\d+(?:\.\d+)?)\s*"
_QUAD = re.compile(",".join([_NUMBER] * 8) + ",(.*)")
_BOX = re.compile(r"[,\s]".join([_NUMBER] * 4) + r',?\s*"(.*)"\s*')


def read(data: SetFolder, *, kind: str) -> Iterator[Result]:
    """One record an image; `kind` is what it shows. Raises UserError without `gt_*.txt`."""
    paths = data.files("**/gt_*.txt")
    images: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(data.folder.rglob("*")):
        if path.suffix.lower() in _IMAGES:
            name = path.relative_to(data.folder).as_posix()
            images[split_of(name), path.stem].append(name)
    entries = ((path.relative_to(data.folder).as_posix(), path) for path in paths)
    return data.samples(entries, partial(_sample, data, kind=kind, images=images))


def _sample(data: SetFolder, key: str, path: Path, *, kind: str, images: dict[tuple[str, str], list[str]]) -> Sample:
    split = split_of(key)
    stem = path.stem.removeprefix("gt_")
    names = images.get((split, stem), [])
    names = [name for name in names if PurePosixPath(name).parent == PurePosixPath(key).parent] or names
    if not names:
        raise BadInput("missing_image", f"no image {stem} for it in the same part of the set")
    if len(names) > 1:
        raise BadInput("ambiguous_image", f"{' or '.join(names)}; keep one of them")
    labels = list(_labels(data.text(path).split("\n")))
    image = data.picture(names[0])
    words: list[Word] = []
    quads: list[list[float]] = []
    unreadable: list[Box] = []
    outside = 0
    for points, text in labels:
        box = box_in(image, points, frame="stored")
        if box and text == _UNREADABLE:
            unreadable.append(box)
        elif box and fits(text, box):
            words.append(Word(text, box, len(words)))
            quads.append([value for point in points for value in image.upright(*point)])
        else:
            outside += 1
    if labels and not (words or unreadable):
        raise BadInput("invalid_box", f"none of {len(labels)} words has a place in {image.width}x{image.height}")
    return data.sample(
        image,
        names[0],
        kind=kind,
        split=split,
        text=None if unreadable or outside else "\n".join(word.text for word in words),
        words=words,
        lines=[Line(word.text, word.box) for word in words],
        meta={"quads": quads, "unreadable": list(map(list, unreadable))} | ({"outside": outside} if outside else {}),
    )


def _labels(lines: list[str]) -> Iterator[tuple[list[tuple[float, float]], str]]:
    """The corners, clockwise, and the text of each line. Raises BadInput for another form."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if match := _QUAD.fullmatch(line):
            numbers = [float(value) for value in match.groups()[:8]]
            yield list(zip(numbers[0::2], numbers[1::2], strict=True)), match[9].strip()
        elif match := _BOX.fullmatch(line):
            left, top, right, bottom = (float(value) for value in match.groups()[:4])
            yield [(left, top), (right, top), (right, bottom), (left, bottom)], match[5].replace('\\"', '"')
        else:
            detail = f"line {number} is neither a box nor a quadrilateral with text: {line[:80]!r}"
            raise BadInput("invalid_record", detail)
