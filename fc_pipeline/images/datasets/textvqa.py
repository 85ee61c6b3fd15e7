"""TextVQA 0.5.1: questions about text in photographs, ten answers each.

Format (textvqa.org/dataset): `TextVQA_0.5.1_{train,val,test}.json` = {dataset_type, dataset_name, dataset_version,
data: [{question_id, question, question_tokens, image_id, image_width, image_height, image_classes,
flickr_original_url, flickr_300k_url, answers (10 strings; none in test), set_name}]}; images
`{train,test}_images/<image_id>.jpg` (those of val are among train_images). Optional, beside them,
`TextVQA_Rosetta_OCR_v0.2_{train,val,test}.json` = {data: [{image_id, ocr_tokens, ocr_info: [{word, bounding_box:
{top_left_x, top_left_y, width, height, rotation, ...}}]}]}, boxes as fractions of the image's sides.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_pipeline.images.datasets.annotations import annotation_files, asked, json_lists, json_samples, split_of
from fc_pipeline.images.datasets.base import BadRecord, DatasetLimits, Result, Sample
from fc_pipeline.images.datasets.machine_ocr import rosetta_words
from fc_pipeline.images.datasets.pictures import image_sample, picture_file

NAME = "textvqa"


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image. Raises UserError without `TextVQA_0.5.1_*.json`."""
    yield from read_files(folder, "TextVQA_0.5*_*.json", source=NAME, limits=limits)


def read_files(folder: Path, pattern: str, *, source: str, limits: DatasetLimits) -> Iterator[Result]:
    """TextVQA or TextCaps, which share images, their OCR and most fields."""
    paths = annotation_files(folder, pattern, source=source)
    tokens: dict[str, Any] = {}
    for content in json_lists(sorted(folder.glob("TextVQA_Rosetta_OCR_*.json")), source=source, limits=limits):
        if isinstance(content, BadRecord):
            yield content
        else:
            tokens |= {
                str(entry.get("image_id")): entry.get("ocr_info") for entry in content[1] if isinstance(entry, dict)
            }
    build = partial(_sample, folder=folder, source=source, tokens=tokens, limits=limits)
    yield from json_samples(paths, build, source=source, by="image_id", limits=limits)


def _sample(
    key: str,
    entries: list[dict[str, Any]],
    *,
    folder: Path,
    file: Path,
    source: str,
    tokens: dict[str, Any],
    limits: DatasetLimits,
) -> Sample:
    set_name = str(entries[0].get("set_name", file.name))
    names = [f"{place}/{key}.jpg" for place in ("train_images", "test_images")]
    image = picture_file(folder, *names, limits=limits.image)
    words, lines = rosetta_words(image, tokens.get(key) or [])
    written = [text.strip() for entry in entries for text in entry.get("reference_strs") or []]
    captions = [text for text in dict.fromkeys(written) if text]  # every entry of an image repeats all of them
    questions, unanswered = asked(
        ((entry["question"], entry.get("answers") or []) for entry in entries if "question" in entry),
        kind="extractive",
    )
    votes = {entry["question"].strip(): entry["answers"] for entry in entries if entry.get("answers")}
    return image_sample(
        source,
        image,
        id=f"{source}/{set_name}/{key}",
        kind="scene",
        family="text",
        split=split_of(set_name),
        words=words,
        lines=lines,
        caption=captions[0] if captions else None,
        questions=questions,
        meta={"classes": entries[0].get("image_classes") or []}
        | ({"captions": captions} if captions else {})
        | ({"votes": votes} if votes else {})
        | ({"unanswered": unanswered} if unanswered else {})
        | ({"words_by": "Rosetta"} if words else {}),
    )
