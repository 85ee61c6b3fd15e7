"""Screen2Words: what a mobile screen is for, in a phrase, by five people.

Format (github.com/google-research-datasets/screen2words): `screen_summaries.csv` with the columns screenId and summary,
a line a summary; `split/{train,dev,test}_screens.txt` with a screenId a line. Images are RICO's.
"""

import csv
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_pipeline.images.datasets.annotations import Split, annotation_files, grouped, read_text
from fc_pipeline.images.datasets.base import BadInput, BadRecord, DatasetLimits, Result, Sample, samples
from fc_pipeline.images.datasets.pictures import image_sample
from fc_pipeline.images.datasets.rico import screenshot

NAME = "screen2words"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record a screen; the first summary is `caption`, all are in meta.

    Raises UserError without the summaries or the list of training screens.
    """
    train: set[str] = set()
    lists = annotation_files(folder, "**/split/train_screens.txt", source=NAME)
    for path in lists + annotation_files(folder, "**/screen_summaries.csv", source=NAME):
        try:
            if path in lists:
                train |= set(read_text(path, limits).split())
                continue
            rows = list(csv.DictReader(io.StringIO(read_text(path, limits), newline=""), strict=True))
            if rows and not {"screenId", "summary"} <= rows[0].keys():
                raise BadInput(
                    "invalid_csv", f"columns {', '.join(map(str, rows[0]))}: screenId and summary are needed"
                )
        except csv.Error as error:
            yield BadRecord(id=f"{NAME}/{path.name}", reason="invalid_csv", detail=str(error))
            continue
        except BadInput as bad:
            yield BadRecord(id=f"{NAME}/{path.name}", reason=bad.reason, detail=bad.detail)
            continue
        build = partial(_sample, folder=folder, train=train, limits=limits)
        yield from samples(NAME, grouped(rows, by="screenId", source=NAME), build, limits=limits)


def _sample(key: str, rows: list[dict[str, Any]], *, folder: Path, train: set[str], limits: DatasetLimits) -> Sample:
    image = screenshot(folder, key, limits.image)
    captions = [text for text in dict.fromkeys((row["summary"] or "").strip() for row in rows) if text]
    if not captions:
        raise BadInput("no_caption", "a screen without any summary")
    split: Split = "train" if key in train else "holdout"
    return image_sample(
        NAME,
        image,
        id=f"{NAME}/{key}",
        kind="screenshot/mobile",
        family="text",
        split=split,
        caption=captions[0],
        meta={"captions": captions},
    )
