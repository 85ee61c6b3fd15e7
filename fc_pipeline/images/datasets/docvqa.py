"""DocVQA, single page: questions about scanned pages of the UCSF Industry Documents Library.

Format (docvqa.org, Task 1): `{train,val,test}_v1.0.json`, for train and val also `..._v1.0_withQT.json` with
question_types = {dataset_name, dataset_version, dataset_split, data: [{questionId, question, question_types, image
("documents/<name>.png"), docId, ucsf_document_id, ucsf_document_page_no, answers, data_split}]}; pages in `documents/`
beside it (or `spdocvqa_images/`, as the files are packed now) and what Microsoft's engine read of them in
`ocr_results/<name>.json` (or `spdocvqa_ocr/`).
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from fc_pipeline.images.datasets.annotations import annotation_files, asked, json_beside, json_samples, split_of
from fc_pipeline.images.datasets.base import DatasetLimits, Result, Sample
from fc_pipeline.images.datasets.machine_ocr import read_api_words
from fc_pipeline.images.datasets.pictures import image_sample, picture_file

NAME = "docvqa"
_WITH_TYPES = "_withQT.json"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record a page. Raises UserError without `*_v1.0*.json`."""
    found = annotation_files(folder, "**/train_v1.0*.json", "**/val_v1.0*.json", "**/test_v1.0*.json", source=NAME)
    typed = {path for path in found if path.name.endswith(_WITH_TYPES)}
    paths = [path for path in found if path in typed or path.with_name(path.stem + _WITH_TYPES) not in typed]
    build = partial(_sample, folder=folder, limits=limits)
    yield from json_samples(paths, build, source=NAME, by="image", limits=limits)


def _sample(key: str, entries: list[dict[str, Any]], *, folder: Path, file: Path, limits: DatasetLimits) -> Sample:
    name = PurePosixPath(key)
    beside = file.parent.relative_to(folder)
    image = picture_file(folder, str(beside / name), f"spdocvqa_images/{name.name}", limits=limits.image)
    places = (file.parent / "ocr_results", folder / "spdocvqa_ocr")
    read_by_machine = next(
        (found for place in places if (found := json_beside(place / f"{name.stem}.json", limits))), None
    )
    words, lines = read_api_words(image, read_by_machine) if read_by_machine else ([], [])
    questions, unanswered = asked(
        ((entry["question"], entry.get("answers") or []) for entry in entries), kind="extractive"
    )
    types = {entry["question"].strip(): entry["question_types"] for entry in entries if "question_types" in entry}
    return image_sample(
        NAME,
        image,
        id=f"{NAME}/{name.stem}",
        kind="document/scan",
        family="text",
        split=split_of(file.name),
        words=words,
        lines=lines,
        questions=questions,
        meta={"document": entries[0].get("ucsf_document_id"), "page": entries[0].get("ucsf_document_page_no")}
        | ({"question_types": types} if types else {})
        | ({"unanswered": unanswered} if unanswered else {})
        | ({"words_by": "Microsoft Read"} if words else {}),
    )
