"""InfographicVQA: questions about infographics, long images of text, icons and charts.

Format (docvqa.org, Task 3): `infographicsVQA_{train,val,test}_v1.0.json` (val also `..._withQT.json`) = {dataset_name,
dataset_version, dataset_split, data: [{questionId, question, image_local_name, image_url, ocr_output_file, answers,
data_split, answer_type, evidence, operation/reasoning}]}; images in `infographicsvqa_images/`, what Amazon Textract
read in `infographicsvqa_ocr/`.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.download.globs import is_plain
from fc_pipeline.images.datasets.annotations import annotation_files, asked, json_beside, json_samples, split_of
from fc_pipeline.images.datasets.base import BadInput, DatasetLimits, Result, Sample
from fc_pipeline.images.datasets.machine_ocr import textract_words
from fc_pipeline.images.datasets.pictures import image_sample, picture_file

NAME = "infographicvqa"
_WITH_TYPES = "_withQT.json"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an infographic. Raises UserError without `infographic*VQA_*_v1.0*.json`."""
    found = annotation_files(folder, "**/infographic*VQA_*_v1.0*.json", source=NAME)
    typed = {path for path in found if path.name.endswith(_WITH_TYPES)}
    paths = [path for path in found if path in typed or path.with_name(path.stem + _WITH_TYPES) not in typed]
    build = partial(_sample, folder=folder, limits=limits)
    yield from json_samples(paths, build, source=NAME, by="image_local_name", limits=limits)


def _sample(key: str, entries: list[dict[str, Any]], *, folder: Path, file: Path, limits: DatasetLimits) -> Sample:
    image = picture_file(folder, f"infographicsvqa_images/{key}", limits=limits.image)
    ocr_name = str(entries[0].get("ocr_output_file") or f"{Path(key).stem}.json")
    if not is_plain(ocr_name):
        raise BadInput("unsafe_path", f"{ocr_name!r} is no plain path below the folder")
    read_by_machine = json_beside(folder / "infographicsvqa_ocr" / ocr_name, limits)
    words, lines = textract_words(image, read_by_machine) if read_by_machine else ([], [])
    questions, unanswered = asked(
        ((entry["question"], entry.get("answers") or []) for entry in entries), kind="extractive"
    )
    return image_sample(
        NAME,
        image,
        id=f"{NAME}/{Path(key).stem}",
        kind="document/infographic",
        family="text",
        split=split_of(file.name),
        words=words,
        lines=lines,
        questions=questions,
        meta={"url": entries[0].get("image_url")}
        | ({"unanswered": unanswered} if unanswered else {})
        | ({"words_by": "Amazon Textract"} if words else {}),
    )
