"""Every value of every set's annotations replaced by something else: records are refused, nothing is raised."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from factories.dataset_files import encoded, put, read

IMAGE = encoded(100, 80)
ODD = [None, -1, 1.5, True, "", "a\nb", "../..", [], {}, [None], {"a": 1}, 10**400]

OCR = {"word": "stop", "bounding_box": {"top_left_x": 0.1, "top_left_y": 0.1, "width": 0.2, "height": 0.1}}
READ_WORD = {"boundingBox": [1, 1, 9, 1, 9, 9, 1, 9], "text": "stop"}
READ_PAGE = {"page": 1, "width": 100, "height": 80, "lines": [{"text": "stop", "words": [READ_WORD]}]}
BOX = {"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.2, "Height": 0.1}}
BLOCKS = {
    "WORD": [{"Id": "w", "Text": "stop", "Geometry": BOX}],
    "LINE": [{"Id": "l", "Text": "stop", "Geometry": BOX, "Relationships": [{"Type": "CHILD", "Ids": ["w"]}]}],
}
PHOTO = {"image_id": "a", "image_classes": ["Sign"], "set_name": "train", "question_id": 1}
CAPTIONED = PHOTO | {"reference_strs": ["a sign", "b"]}
CHART = {"imgname": "a.png", "query": "how many?", "label": "3"}
PAGE = {"question": "who?", "answers": ["me"], "questionId": 1}
SCENE = {"file_path": "icdar/a.jpg", "file_name": "a.jpg", "dataset": "icdar"}
INFOGRAPHIC = {"image_local_name": "a.jpg", "ocr_output_file": "a.json"}
TRUTH = {"full_answer": "It is on.", "ui_elements": [{"text": "on", "bounds": [1, 2, 3, 4], "vh_index": 0}]}

SETS: dict[str, tuple[dict[str, Any], str]] = {
    "textvqa": (
        {
            "TextVQA_0.5.1_train.json": {"data": [PHOTO | {"question": "what?", "answers": ["stop"] * 10}]},
            "TextVQA_Rosetta_OCR_v0.2_train.json": {"data": [{"image_id": "a", "ocr_info": [OCR]}]},
        },
        "train_images/a.jpg",
    ),
    "textcaps": ({"TextCaps_0.1_train.json": {"data": [CAPTIONED]}}, "train_images/a.jpg"),
    "st_vqa": ({"train_task_3.json": {"data": [PAGE | SCENE]}}, "icdar/a.jpg"),
    "docvqa": (
        {
            "train_v1.0.json": {"data": [PAGE | {"image": "documents/a.png", "ucsf_document_id": "a"}]},
            "ocr_results/a.json": {"status": "Succeeded", "recognitionResults": [READ_PAGE]},
        },
        "documents/a.png",
    ),
    "infographicvqa": (
        {
            "infographicsVQA_train_v1.0.json": {"data": [PAGE | INFOGRAPHIC]},
            "infographicsvqa_ocr/a.json": BLOCKS,
        },
        "infographicsvqa_images/a.jpg",
    ),
    "chartqa": ({"train/train_human.json": [CHART]}, "train/png/a.png"),
    "screenqa": (
        {
            "answers_and_bboxes/train.json": [{"image_id": 1, "question": "is it on?", "ground_truth": [TRUTH]}],
            "short_answers/train.json": [{"image_id": 1, "question": "is it on?", "ground_truth": ["on"]}],
        },
        "combined/1.jpg",
    ),
    "coco_captions": (
        {
            "annotations/captions_train2017.json": {
                "licenses": [{"id": 1, "name": "by", "url": "http://creativecommons.org/licenses/by/2.0/"}],
                "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 80, "license": 1}],
                "annotations": [{"image_id": 1, "id": 1, "caption": "a gradient"}],
            }
        },
        "train2017/a.jpg",
    ),
}


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def replaced(value: Any, path: tuple, new: Any) -> Any:
    if not path:
        return new
    value = copy.copy(value)
    value[path[0]] = replaced(value[path[0]], path[1:], new)
    return value


@pytest.mark.parametrize("name", SETS)
def test_nothing_is_raised(tmp_path, name):
    files, image = SETS[name]
    put(tmp_path, image, IMAGE)
    for file, content in files.items():
        put(tmp_path, file, content)
    good, bad = read(name, tmp_path)
    assert len(good) == 1 and not bad
    survived = set()
    for file, content in files.items():
        for path in places(content):
            for odd in ODD:
                put(tmp_path, file, replaced(content, path, odd))
                good, bad = read(name, tmp_path)
                assert all("\n" not in record.detail and "\n" not in record.id for record in bad.values())
                if good and not bad:
                    survived.add((file, path))
        put(tmp_path, file, content)
    assert survived  # a field that does not matter here, such as question_id
