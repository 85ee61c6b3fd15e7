"""TextVQA 0.5.1: questions about text in photographs, ten answers each; TextCaps 0.1: five captions of each of these.

Formats (textvqa.org): `TextVQA_0.5.1_{train,val,test}.json` = {dataset_type, dataset_name, dataset_version,
data: [{question_id, question, question_tokens, image_id, image_width, image_height, image_classes,
flickr_original_url, flickr_300k_url, answers (10 strings, some of them `_MARKS`; none in test), set_name}]}; images
`{train,test}_images/<image_id>.jpg` (those of val are among train_images). Optional, beside them,
`TextVQA_Rosetta_OCR_v0.2_{train,val,test}.json` = {data: [{image_id, ocr_tokens, ocr_info: [{word, bounding_box:
{top_left_x, top_left_y, width, height, rotation, ...}}]}]}, boxes as fractions of the image's sides.

`TextCaps_0.1_{train,val,test}.json` = the same, but for the fields of questions [{image_name, image_path, caption_id,
caption_str, reference_strs}]: an entry a caption, each with all captions of its image; without captions in test.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets.annotations import distinct, extractive, split_of
from fc_pipeline.images.datasets.base import Result, Sample, SetFolder
from fc_pipeline.images.datasets.machine_ocr import rosetta

_MARKS = {
    "unanswerable",
    "no text in image",
    "answering does not require reading text in the image",
    "not a question",
}
"""What an annotator chose who had no answer."""


def read_questions(data: SetFolder) -> Iterator[Result]:
    """One record an image. Raises UserError without `TextVQA_0.5.1_*.json`."""
    return _read(data, data.files("TextVQA_0.5*_*.json"))


def read_captions(data: SetFolder) -> Iterator[Result]:
    """One record an image; the first caption is `caption`, all are in meta. Raises UserError without `TextCaps_*`."""
    return _read(data, data.files("TextCaps_0.1_*.json"))


def _read(data: SetFolder, paths: list[Path]) -> Iterator[Result]:
    tokens: dict[str, Any] = {}
    for path in sorted(data.folder.glob("TextVQA_Rosetta_OCR_*.json")):
        try:
            entries = [entry for entry in data.json_list(path) if isinstance(entry, dict)]
        except BadInput as error:
            yield data.bad_file(path, error)
        else:
            tokens |= {str(entry.get("image_id")): entry.get("ocr_info") for entry in entries}
    yield from data.json_samples(paths, partial(_sample, tokens=tokens), by="image_id")


def _sample(data: SetFolder, key: str, entries: list[dict[str, Any]], *, part: Path, tokens: dict[str, Any]) -> Sample:
    set_name = str(entries[0].get("set_name", part.name))
    image = data.picture(*(f"{folder}/{key}.jpg" for folder in ("train_images", "test_images")))
    width, height = entries[0].get("image_width") or image.width, entries[0].get("image_height") or image.height
    read_by_machine = rosetta(image, tokens.get(key) or [], frame=image.frame_of(width, height))
    # Every entry of an image repeats all of its captions.
    captions = distinct(text for entry in entries for text in entry.get("reference_strs") or [])
    asked = extractive((entry for entry in entries if "question" in entry), marks=_MARKS)
    votes = {entry["question"].strip(): entry["answers"] for entry in entries if entry.get("answers")}
    return data.sample(
        image,
        f"{set_name}/{key}",
        kind="scene",
        split=split_of(set_name),
        **read_by_machine,
        caption=captions[0] if captions else None,
        asked=asked,
        meta={"classes": entries[0].get("image_classes") or []}
        | ({"captions": captions} if captions else {})
        | ({"votes": votes} if votes else {}),
    )
