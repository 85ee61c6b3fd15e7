"""Sets that annotate the screenshots of RICO by their number: `combined/<number>.jpg` of unique_uis.tar.gz.

Formats:

* Screen2Words, what a mobile screen is for, in a phrase, by five people (github.com/google-research-datasets/
  screen2words): `screen_summaries.csv` with the columns screenId and summary, a line a summary;
  `split/{train,dev,test}_screens.txt` with a screenId a line.
* ScreenQA, questions about mobile screens (github.com/google-research-datasets/screen_qa):
  `answers_and_bboxes/{train,validation,test}.json` = list of {image_id, question, ground_truth: [{full_answer,
  ui_elements: [{text, bounds: [left, top, right, bottom], vh_index}]}]}, a ground truth a rater;
  `short_answers/{train,validation,test}.json` (ScreenQA Short) = the same with ground_truth a list of strings. The
  answer `<no answer>` stands for none.
"""

import csv
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets.annotations import asked, distinct, split_of
from fc_pipeline.images.datasets.base import Entries, Result, Sample, SetFolder
from fc_pipeline.images.datasets.pictures import Picture

_MARKS = {"<no answer>"}


def read_screen2words(data: SetFolder) -> Iterator[Result]:
    """One record a screen; the first summary is `caption`, all are in meta.

    Raises UserError without the summaries or the list of training screens.
    """
    train: set[str] = set()
    for path in data.files("**/split/train_screens.txt"):
        try:
            train |= set(data.text(path).split())
        except BadInput as error:
            yield data.bad_file(path, error)
    yield from data.file_samples(data.files("**/screen_summaries.csv"), _summaries, partial(_screen, train=train))


def _summaries(data: SetFolder, path: Path) -> Entries[list[dict[str, Any]]]:
    try:
        rows = list(csv.DictReader(io.StringIO(data.text(path), newline=""), strict=True))
    except csv.Error as error:
        raise BadInput("invalid_csv", str(error)) from error
    if rows and not {"screenId", "summary"} <= rows[0].keys():
        raise BadInput("invalid_csv", f"columns {', '.join(map(str, rows[0]))}: screenId and summary are needed")
    return data.grouped(rows, by="screenId")


def _screen(data: SetFolder, key: str, rows: list[dict[str, Any]], *, part: Path, train: set[str]) -> Sample:
    image = _screenshot(data, key)
    captions = distinct(row["summary"] or "" for row in rows)
    if not captions:
        raise BadInput("no_caption", "a screen without any summary")
    return data.sample(
        image,
        key,
        kind="screenshot/mobile",
        split="train" if key in train else "holdout",
        caption=captions[0],
        meta={"captions": captions},
    )


def read_screenqa(data: SetFolder) -> Iterator[Result]:
    """One record a screen and part. Answers are whole sentences, and the few words of ScreenQA Short where it is there.

    Raises UserError without either folder.
    """
    paths = data.files("**/answers_and_bboxes/*.json", "**/short_answers/*.json")
    return data.json_samples(paths, _asked_screen, by="image_id", at=None, part_of=lambda path: Path(path.stem))


def _asked_screen(data: SetFolder, key: str, entries: list[dict[str, Any]], *, part: Path) -> Sample:
    image = _screenshot(data, key)
    questions: list[tuple[str, list[str], str]] = []
    elements: dict[str, list[Any]] = {}
    for entry in entries:
        truths = entry["ground_truth"]
        short = [truth for truth in truths if isinstance(truth, str)]
        full = [truth["full_answer"] for truth in truths if not isinstance(truth, str)]
        questions.append((entry["question"], short or full, "extractive" if short else "sentence"))
        if full:
            elements[entry["question"]] = [truth.get("ui_elements", []) for truth in truths]
    return data.sample(
        image,
        f"{part}/{key}",
        kind="screenshot/mobile",
        split=split_of(part.name),
        asked=asked(questions, marks=_MARKS),
        meta={"ui_elements": elements} if elements else {},
    )


def _screenshot(data: SetFolder, number: str) -> Picture:
    return data.picture(f"combined/{number}.jpg", f"rico/combined/{number}.jpg")
