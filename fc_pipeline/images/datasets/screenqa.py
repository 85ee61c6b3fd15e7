"""ScreenQA: questions about mobile screens.

Format (github.com/google-research-datasets/screen_qa): `answers_and_bboxes/{train,validation,test}.json` = list of
{image_id, question, ground_truth: [{full_answer, ui_elements: [{text, bounds: [left, top, right, bottom],
vh_index}]}]}, a ground truth a rater; `short_answers/{train,validation,test}.json` (ScreenQA Short) = the same with
ground_truth a list of strings. Images are RICO's.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_pipeline.images.datasets.annotations import annotation_files, asked, grouped, json_lists, split_of
from fc_pipeline.images.datasets.base import BadRecord, DatasetLimits, Result, Sample, samples
from fc_pipeline.images.datasets.pictures import image_sample
from fc_pipeline.images.datasets.rico import screenshot

NAME = "screenqa"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record a screen and part. Answers are whole sentences, and the few words of ScreenQA Short where it is there.

    Raises UserError without either folder.
    """
    paths = annotation_files(folder, "**/answers_and_bboxes/*.json", "**/short_answers/*.json", source=NAME)
    for part in sorted({path.stem for path in paths}):
        merged: list[Any] = []
        for content in json_lists((path for path in paths if path.stem == part), source=NAME, limits=limits, at=None):
            if isinstance(content, BadRecord):
                yield content
            else:
                merged += content[1]
        build = partial(_sample, folder=folder, part=part, limits=limits)
        yield from samples(NAME, grouped(merged, by="image_id", source=NAME), build, limits=limits)


def _sample(key: str, entries: list[dict[str, Any]], *, folder: Path, part: str, limits: DatasetLimits) -> Sample:
    image = screenshot(folder, key, limits.image)
    questions = []
    unanswered = 0
    elements: dict[str, list[Any]] = {}
    for entry in entries:
        truths = entry["ground_truth"]
        short = [truth for truth in truths if isinstance(truth, str)]
        full = [truth["full_answer"] for truth in truths if not isinstance(truth, str)]
        more = asked([(entry["question"], short or full)], kind="extractive" if short else "sentence")
        questions += more.questions
        unanswered += more.unanswered
        if full:
            elements[entry["question"]] = [truth.get("ui_elements", []) for truth in truths]
    return image_sample(
        NAME,
        image,
        id=f"{NAME}/{part}/{key}",
        kind="screenshot/mobile",
        family="text",
        split=split_of(part),
        questions=questions,
        meta=({"ui_elements": elements} if elements else {}) | ({"unanswered": unanswered} if unanswered else {}),
    )
