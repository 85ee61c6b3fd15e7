"""SynthText in the Wild: 858,750 photographs with rendered text, every word and character with its quadrilateral.

Format (robots.ox.ac.uk/~vgg/data/scenetext, readme): `gt.mat` with cells of one entry an image: `imnames` (path below
the folder), `wordBB` (2 x 4 x words: x and y of the corners, clockwise from the upper left; 2 x 4 when there is one
word), `charBB` (the same of characters), `txt` (strings, each one instance of text whose lines are separated by line
feeds and padded with spaces; its white-space separated words are those of wordBB, in order).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets.base import Entries, Result, Sample, SetFolder
from fc_pipeline.images.datasets.matlab import matlab_variables
from fc_pipeline.images.datasets.pictures import box_in, picture_file, placed


def read(data: SetFolder) -> Iterator[Result]:
    """One record an image, all of them for training; charBB is not kept. Raises UserError without gt.mat."""
    return data.file_samples(data.files("**/gt.mat"), _entries, _sample)


def _entries(data: SetFolder, path: Path) -> Entries[Any]:
    import numpy as np

    names, boxes, texts = (_cells(column) for column in matlab_variables(data, path, "imnames", "wordBB", "txt"))
    if not len(names) == len(boxes) == len(texts):
        detail = f"{len(names)} names, {len(boxes)} of wordBB and {len(texts)} of txt"
        raise BadInput("invalid_annotations", detail)
    return ((str(name), (quads, np.atleast_1d(text))) for name, quads, text in zip(names, boxes, texts, strict=True))


def _cells(column: Any) -> list[Any]:
    """The cells of a column, also when there is only one and the dimension of one was squeezed away."""
    import numpy as np

    return list(column) if isinstance(column, np.ndarray) and column.dtype == object else [column]


def _sample(data: SetFolder, key: str, entry: Any, *, part: Path) -> Sample:
    quads, texts = entry
    image = picture_file(part.parent, key, limits=data.image)
    corners = quads.reshape(2, 4, -1)
    written = [line.split() for text in texts for line in str(text).split("\n") if line.strip()]
    count = sum(map(len, written))
    if corners.shape[2] != count:
        raise BadInput("word_count", f"{count} words in txt, {corners.shape[2]} in wordBB")
    boxes = (box_in(image, word.tolist(), frame="stored") for word in corners.T)
    words, lines = placed([(text, next(boxes)) for text in line] for line in written)
    return data.sample(
        image,
        key,
        kind="scene/synthetic",
        text="\n".join(line.text for line in lines),
        words=words,
        lines=lines,
        meta={"outside": count - len(words)} if len(words) < count else {},
    )
