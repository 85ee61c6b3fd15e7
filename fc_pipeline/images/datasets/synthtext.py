"""SynthText in the Wild: 858,750 photographs with rendered text, every word and character with its quadrilateral.

Format (robots.ox.ac.uk/~vgg/data/scenetext, readme): `gt.mat` with cells of one entry an image: `imnames` (path below
the folder), `wordBB` (2 x 4 x words: x and y of the corners, clockwise from the upper left; 2 x 4 when there is one
word), `charBB` (the same of characters), `txt` (strings, each one instance of text whose lines are separated by line
feeds and padded with spaces; its white-space separated words are those of wordBB, in order).
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fc_model.data.images.record import Box, Line, Word, union
from fc_pipeline.images.datasets.annotations import annotation_files
from fc_pipeline.images.datasets.base import BadInput, BadRecord, DatasetLimits, Result, Sample, samples
from fc_pipeline.images.datasets.matlab import matlab_variables
from fc_pipeline.images.datasets.pictures import box_in, image_sample, picture_file

if TYPE_CHECKING:
    import numpy as np

NAME = "synthtext"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image, all of them for training; charBB is not kept. Raises UserError without gt.mat."""
    import numpy as np

    for path in annotation_files(folder, "**/gt.mat", source=NAME):
        try:
            columns = matlab_variables(path, "imnames", "wordBB", "txt", limits=limits)
        except BadInput as bad:
            yield BadRecord(id=f"{NAME}/{path.name}", reason=bad.reason, detail=bad.detail)
            continue
        names, boxes, texts = (_cells(column) for column in columns)
        if not len(names) == len(boxes) == len(texts):
            detail = f"{len(names)} names, {len(boxes)} of wordBB and {len(texts)} of txt"
            yield BadRecord(id=f"{NAME}/{path.name}", reason="invalid_annotations", detail=detail)
            continue
        entries = (
            (str(name), (quads, np.atleast_1d(text))) for name, quads, text in zip(names, boxes, texts, strict=True)
        )
        yield from samples(NAME, entries, partial(_sample, folder=path.parent, limits=limits), limits=limits)


def _cells(column: Any) -> list[Any]:
    """The cells of a column, also when there is only one and the dimension of one was squeezed away."""
    import numpy as np

    return list(column) if isinstance(column, np.ndarray) and column.dtype == object else [column]


def _sample(key: str, entry: "tuple[np.ndarray, np.ndarray]", *, folder: Path, limits: DatasetLimits) -> Sample:
    quads, texts = entry
    image = picture_file(folder, key, limits=limits.image)
    corners = quads.reshape(2, 4, -1)
    written = [line.split() for text in texts for line in str(text).split("\n") if line.strip()]
    count = sum(len(words) for words in written)
    if corners.shape[2] != count:
        raise BadInput("word_count", f"{count} words in txt, {corners.shape[2]} in wordBB")
    words: list[Word] = []
    lines: list[Line] = []
    outside = 0
    number = 0
    for line in written:
        inside: list[tuple[str, Box]] = []
        for text in line:
            (left, top), (right, bottom) = corners[:, :, number].min(axis=1), corners[:, :, number].max(axis=1)
            box = box_in(image, float(left), float(top), float(right), float(bottom))
            number += 1
            if box:
                inside.append((text, box))
            else:
                outside += 1
        if inside:
            words += [Word(text, box, len(lines)) for text, box in inside]
            lines.append(Line(" ".join(text for text, _ in inside), union([box for _, box in inside])))
    return image_sample(
        NAME,
        image,
        id=f"{NAME}/{key}",
        kind="scene/synthetic",
        family="text",
        text="\n".join(line.text for line in lines),
        words=words,
        lines=lines,
        meta={"outside": outside} if outside else {},
    )
