"""IIIT 5K-word: cropped words of street scenes and of born-digital images.

Format (cvit.iiit.ac.in, readme of IIIT5K-Word_V3.0): `{train,test}data.mat` with a struct array `{train,test}data` of
fields ImgName (`train/<name>.png`), GroundTruth, smallLexi and mediumLexi; ground truth in upper case.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets.annotations import split_of
from fc_pipeline.images.datasets.base import Entries, Result, Sample, SetFolder
from fc_pipeline.images.datasets.matlab import matlab_variables
from fc_pipeline.images.datasets.pictures import picture_file


def read(data: SetFolder) -> Iterator[Result]:
    """One record a word. Raises UserError without traindata.mat and testdata.mat."""
    return data.file_samples(data.files("**/traindata.mat", "**/testdata.mat"), _entries, _sample)


def _entries(data: SetFolder, path: Path) -> Entries[Any]:
    import numpy as np

    [rows] = matlab_variables(data, path, path.stem)
    fields = rows.dtype.names or ()
    if not {"ImgName", "GroundTruth"} <= set(fields):
        raise BadInput("invalid_annotations", f"fields {', '.join(fields)}: ImgName and GroundTruth are needed")
    return [(str(row["ImgName"]), row["GroundTruth"]) for row in np.atleast_1d(rows)]


def _sample(data: SetFolder, key: str, truth: Any, *, part: Path) -> Sample:
    image = picture_file(part.parent, key, limits=data.image)
    text = truth.strip() if isinstance(truth, str) else ""  # an empty one is an empty array
    if not text:
        raise BadInput("empty_text", "a word without any letter")
    return data.sample(image, key, kind="word", split=split_of(key.split("/")[0]), text=text)
