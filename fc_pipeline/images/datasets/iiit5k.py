"""IIIT 5K-word: cropped words of street scenes and of born-digital images.

Format (cvit.iiit.ac.in, readme of IIIT5K-Word_V3.0): `{train,test}data.mat` with a struct array `{train,test}data` of
fields ImgName (`train/<name>.png`), GroundTruth, smallLexi and mediumLexi; ground truth in upper case.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_pipeline.images.datasets.annotations import annotation_files, split_of
from fc_pipeline.images.datasets.base import BadInput, BadRecord, DatasetLimits, Result, Sample, samples
from fc_pipeline.images.datasets.matlab import matlab_variables
from fc_pipeline.images.datasets.pictures import image_sample, picture_file

NAME = "iiit5k"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record a word. Raises UserError without traindata.mat and testdata.mat."""
    import numpy as np

    for path in annotation_files(folder, "**/traindata.mat", "**/testdata.mat", source=NAME):
        try:
            [rows] = matlab_variables(path, path.stem, limits=limits)
            fields = rows.dtype.names or ()
            if not {"ImgName", "GroundTruth"} <= set(fields):
                raise BadInput("invalid_annotations", f"fields {', '.join(fields)}: ImgName and GroundTruth are needed")
        except BadInput as bad:
            yield BadRecord(id=f"{NAME}/{path.name}", reason=bad.reason, detail=bad.detail)
            continue
        entries = [(str(row["ImgName"]), row["GroundTruth"]) for row in np.atleast_1d(rows)]
        yield from samples(NAME, entries, partial(_sample, folder=path.parent, limits=limits), limits=limits)


def _sample(key: str, truth: Any, *, folder: Path, limits: DatasetLimits) -> Sample:
    image = picture_file(folder, key, limits=limits.image)
    text = truth.strip() if isinstance(truth, str) else ""  # an empty one is an empty array
    if not text:
        raise BadInput("empty_text", "a word without any letter")
    return image_sample(
        NAME,
        image,
        id=f"{NAME}/{key}",
        kind="word",
        family="text",
        split=split_of(key.split("/")[0]),
        text=text,
    )
