"""DocVQA, single page: questions about scanned pages; InfographicVQA: about long images of text, icons and charts.

Formats (docvqa.org):

* Task 1, pages of the UCSF Industry Documents Library: `{train,val,test}_v1.0.json` = {dataset_name, dataset_version,
  dataset_split, data: [{questionId, question, image ("documents/<name>.png"), docId, ucsf_document_id,
  ucsf_document_page_no, answers, data_split}]}; pages in `documents/` beside it (or `spdocvqa_images/`, as the files
  are packed now) and what Microsoft's engine read of them in `ocr_results/<name>.json` (or `spdocvqa_ocr/`).
* Task 3: `infographicsVQA_{train,val,test}_v1.0.json` = the same with data: [{questionId, question, image_local_name,
  image_url, ocr_output_file, answers, data_split, answer_type, evidence, operation/reasoning}]; images in
  `infographicsvqa_images/`, what Amazon Textract read in `infographicsvqa_ocr/`.

For some parts there is also `..._v1.0_withQT.json`, the same with question_types.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.globs import is_plain
from fc_pipeline.images.datasets.annotations import extractive, split_of
from fc_pipeline.images.datasets.base import Result, Sample, SetFolder
from fc_pipeline.images.datasets.machine_ocr import microsoft_read, textract

_WITH_TYPES = "_withQT.json"


def read_pages(data: SetFolder) -> Iterator[Result]:
    """One record a page. Raises UserError without `*_v1.0*.json`."""
    paths = data.files("**/train_v1.0*.json", "**/val_v1.0*.json", "**/test_v1.0*.json")
    return data.json_samples(_typed(paths), _page, by="image")


def read_infographics(data: SetFolder) -> Iterator[Result]:
    """One record an infographic. Raises UserError without `infographic*VQA_*_v1.0*.json`."""
    return data.json_samples(_typed(data.files("**/infographic*VQA_*_v1.0*.json")), _infographic, by="image_local_name")


def _typed(paths: list[Path]) -> list[Path]:
    """Without the files that are there with question types too."""
    return [path for path in paths if path.with_name(path.stem + _WITH_TYPES) not in paths]


def _page(data: SetFolder, key: str, entries: list[dict[str, Any]], *, part: Path) -> Sample:
    name = PurePosixPath(key)
    image = data.picture(str(part.parent.relative_to(data.folder) / name), f"spdocvqa_images/{name.name}")
    folders = (part.parent / "ocr_results", data.folder / "spdocvqa_ocr")
    read_by_machine = next(filter(None, (data.json(folder / f"{name.stem}.json") for folder in folders)), None)
    types = {entry["question"].strip(): entry["question_types"] for entry in entries if "question_types" in entry}
    return data.sample(
        image,
        name.stem,
        kind="document/scan",
        split=split_of(part.name),
        **microsoft_read(image, read_by_machine),
        asked=extractive(entries),
        meta={"document": entries[0].get("ucsf_document_id"), "page": entries[0].get("ucsf_document_page_no")}
        | ({"question_types": types} if types else {}),
    )


def _infographic(data: SetFolder, key: str, entries: list[dict[str, Any]], *, part: Path) -> Sample:
    image = data.picture(f"infographicsvqa_images/{key}")
    ocr_name = str(entries[0].get("ocr_output_file") or f"{Path(key).stem}.json")
    if not is_plain(ocr_name):
        raise BadInput("unsafe_path", f"{ocr_name!r} is no plain path below the folder")
    return data.sample(
        image,
        Path(key).stem,
        kind="document/infographic",
        split=split_of(part.name),
        **textract(image, data.json(data.folder / "infographicsvqa_ocr" / ocr_name)),
        asked=extractive(entries),
        meta={"url": entries[0].get("image_url")},
    )
