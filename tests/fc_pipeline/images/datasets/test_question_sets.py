"""TextVQA, TextCaps, ST-VQA, DocVQA, InfographicVQA, ChartQA and ScreenQA, in small files of their formats."""

import pytest
from factories.dataset_files import encoded, put, read, reasons
from PIL import Image

from fc_model.data.images.record import Line, Question, Word
from fc_model.errors import UserError
from fc_pipeline.images.datasets.catalogue import DATASETS

TEN = ["nokia"] * 6 + ["toshiba", " nokia ", "", "toshiba"]


def textvqa_entry(number: int, image: str, **fields) -> dict:
    entry = {"question": f"what brand is it {number}?", "image_id": image, "answers": TEN, "set_name": "train"}
    return entry | {"image_classes": ["Cassette deck"], "question_id": number} | fields


def rosetta(image: str, *words: tuple) -> dict:
    sides = ("top_left_x", "top_left_y", "width", "height")
    tokens = [{"word": word, "bounding_box": dict(zip(sides, box, strict=True)) | {"yaw": 0}} for word, box in words]
    return {"image_id": image, "ocr_tokens": [word for word, _ in words], "ocr_info": tokens}


def test_textvqa(tmp_path):
    entries = [
        textvqa_entry(0, "0054c91397f2fe05"),
        textvqa_entry(1, "0054c91397f2fe05", question="was ist das für ein Gerät?", answers=["日本語"] * 10),
        textvqa_entry(2, "gone"),
        textvqa_entry(3, "only_empty", answers=[""] * 10),
        textvqa_entry(4, "no_list", answers="nokia"),
        textvqa_entry(5, "../../secret"),
        textvqa_entry(6, "lone", question="what \ud800 is it?"),
        textvqa_entry(7, "backslash", question="is it \\u0000?"),
        textvqa_entry(8, "nul", question="is it \0?"),
        {"question": "which image?", "answers": TEN},
        "no entry at all",
    ]
    put(tmp_path, "TextVQA_0.5.1_train.json", {"data": entries})
    test = textvqa_entry(9, "of_the_test", set_name="test")
    del test["answers"]
    put(tmp_path, "TextVQA_0.5.1_test.json", {"data": [test]})
    put(tmp_path, "TextVQA_0.5.1_val.json", '{"data": [{"question": ')
    read_words = [("NOKIA", (0.5, 0.25, 0.25, 0.5)), ("out", (1.5, 0, 0.1, 0.1)), (" ", (0, 0, 1, 1))]
    read_by_machine = rosetta("0054c91397f2fe05", *read_words, ("3310", (0, 0, 0.5, 0.5)))
    put(tmp_path, "TextVQA_Rosetta_OCR_v0.2_train.json", {"data": [read_by_machine]})
    for name in ("0054c91397f2fe05", "only_empty", "no_list", "lone", "backslash", "nul"):
        put(tmp_path, f"train_images/{name}.jpg", encoded(100, 80))
    put(tmp_path, "test_images/of_the_test.jpg", encoded(format_="PNG"))

    good, bad = read("textvqa", tmp_path)
    assert reasons(bad) == {
        "textvqa/gone": "missing_image",
        "textvqa/no_list": "invalid_record",
        "textvqa/../../secret": "unsafe_path",
        "textvqa/lone": "invalid_unicode",
        "textvqa/nul": "nul_character",
        "textvqa/entry 9": "invalid_record",
        "textvqa/entry 10": "invalid_record",
        "textvqa/TextVQA_0.5.1_val.json": "invalid_json",
    }
    first = good["textvqa/train/0054c91397f2fe05"]
    assert first.questions == [
        Question(question="what brand is it 0?", answers=["nokia", "toshiba"], kind="extractive"),
        Question(question="was ist das für ein Gerät?", answers=["日本語"], kind="extractive"),
    ]
    assert first.meta["votes"]["what brand is it 0?"] == TEN  # VQA accuracy needs all ten
    assert first.words == [Word("NOKIA", (50, 20, 75, 60), 0), Word("3310", (0, 0, 50, 40), 1)]
    assert first.text is None and first.meta["words_by"] == "Rosetta"
    assert (first.split, first.family, first.licence) == ("train", "text", "CC-BY-4.0")
    assert good["textvqa/train/only_empty"].questions == [] and good["textvqa/train/only_empty"].meta["unanswered"] == 1
    assert good["textvqa/train/backslash"].questions[0].question == "is it \\u0000?"
    tested = good["textvqa/test/of_the_test"]
    assert (tested.split, tested.images, tested.questions) == ("holdout", ["png"], [])
    assert len(good) == 4


@pytest.mark.parametrize(
    ("degrees", "box"),
    [
        (None, (20, 40, 60, 50)),
        (0, (20, 40, 60, 50)),
        (-90, (20, 0, 30, 40)),
        (90, (10, 40, 20, 80)),
        (180, (0, 30, 20, 40)),
    ],
)
def test_words_of_rosetta_are_turned_about_their_upper_left_corner(tmp_path, degrees, box):
    entry = rosetta("a", ("word", (0.2, 0.5, 0.4, 0.125)))
    if degrees is not None:
        entry["ocr_info"][0]["bounding_box"]["rotation"] = degrees
    put(tmp_path, "TextVQA_0.5.1_train.json", {"data": [textvqa_entry(0, "a")]})
    put(tmp_path, "TextVQA_Rosetta_OCR_v0.2_train.json", {"data": [entry]})
    put(tmp_path, "train_images/a.jpg", encoded(100, 80))
    good, _ = read("textvqa", tmp_path)
    assert [word.box for word in good["textvqa/train/a"].words] == [box]


@pytest.mark.parametrize(
    ("stated", "box"), [((100, 80), (48, 25, 64, 75)), ((80, 100), (20, 20, 60, 40)), ((None, None), (20, 20, 60, 40))]
)
def test_words_are_in_the_frame_of_the_size_that_their_set_states(tmp_path, stated, box):
    """A picture that EXIF turns from 100 x 80 to 80 x 100 pixels."""
    exif = Image.Exif()
    exif[0x0112] = 6
    sides = {"image_width": stated[0], "image_height": stated[1]}
    put(tmp_path, "TextVQA_0.5.1_train.json", {"data": [textvqa_entry(0, "a", **sides)]})
    put(tmp_path, "TextVQA_Rosetta_OCR_v0.2_train.json", {"data": [rosetta("a", ("word", (0.25, 0.2, 0.5, 0.2)))]})
    put(tmp_path, "train_images/a.jpg", encoded(100, 80, exif=exif.tobytes()))
    good, _ = read("textvqa", tmp_path)
    record = good["textvqa/train/a"]
    assert (record.width, record.height) == (80, 100) and record.words[0].box == box


def test_a_number_that_is_none_costs_no_file(tmp_path):
    entry = {"question_id": float("nan"), "image_classes": [float("inf")], "question": "who?", "answers": ["me"]}
    put(tmp_path, "TextVQA_0.5.1_train.json", {"data": [entry | {"image_id": "a", "set_name": "train"}]})
    put(tmp_path, "train_images/a.jpg", encoded())
    good, bad = read("textvqa", tmp_path)
    assert not bad and good["textvqa/train/a"].meta["classes"] == [None]


UNANSWERABLE = "Answering does not require reading text in the image."


def test_what_an_annotator_marks_is_no_answer(tmp_path):
    answers = {
        "all": ["unanswerable"] * 10,
        "most": ["unanswerable", UNANSWERABLE] * 3 + ["nokia"] * 4,
        "half": ["unanswerable"] * 5 + ["nokia"] * 2 + ["toshiba"] * 3,
        "no mark": ["unanswerable questions"] * 10,
    }
    entries = [textvqa_entry(n, "a", question=name, answers=given) for n, (name, given) in enumerate(answers.items())]
    put(tmp_path, "TextVQA_0.5.1_train.json", {"data": entries})
    put(tmp_path, "train_images/a.jpg", encoded())
    good, _ = read("textvqa", tmp_path)
    record = good["textvqa/train/a"]
    assert {question.question: question.answers for question in record.questions} == {
        "half": ["toshiba", "nokia"],
        "no mark": ["unanswerable questions"],
    }
    assert record.meta["unanswered"] == 2 and record.meta["votes"]["half"] == answers["half"]


def test_screenqa_without_an_answer(tmp_path):
    truths = {"who?": ["<no answer>"], "which?": ["<no answer>", "Upload now"], "how many?": ["128 bits", "128"]}
    short = [{"image_id": 31, "question": question, "ground_truth": truth} for question, truth in truths.items()]
    put(tmp_path, "short_answers/validation.json", short)
    full = [{"full_answer": "<no answer>", "ui_elements": []}]
    put(tmp_path, "answers_and_bboxes/train.json", [{"image_id": 31, "question": "who?", "ground_truth": full}])
    put(tmp_path, "combined/31.jpg", encoded())
    good, bad = read("screenqa", tmp_path)
    assert not bad
    record = good["screenqa/validation/31"]
    assert [question.answers for question in record.questions] == [["Upload now"], ["128 bits", "128"]]
    assert record.meta["unanswered"] == 1 and good["screenqa/train/31"].questions == []


def test_textcaps(tmp_path):
    captions = ["A phone by Nokia.", "a black phone", "a black phone", " "]
    entries = [
        textvqa_entry(0, "a", caption_id=number, caption_str=text, reference_strs=captions, image_path="train/a.jpg")
        for number, text in enumerate(captions)
    ]
    for entry in entries:
        del entry["question"], entry["answers"]
    put(tmp_path, "TextCaps_0.1_train.json", {"data": entries})
    put(tmp_path, "train_images/a.jpg", encoded())
    good, bad = read("textcaps", tmp_path)
    assert not bad
    record = good["textcaps/train/a"]
    assert record.caption == "A phone by Nokia." and record.meta["captions"] == ["A phone by Nokia.", "a black phone"]
    assert record.questions == [] and "unanswered" not in record.meta


def test_st_vqa(tmp_path):
    def entry(path: str, question: str, **fields) -> dict:
        origin, name = path.split("/")
        return {"file_path": path, "file_name": name, "dataset": origin, "question": question, **fields}

    data = [
        entry("coco-text/COCO_train2014_0.jpg", "What does the sign say?", answers=["stop"]),
        entry("coco-text/COCO_train2014_0.jpg", "Which street?", answers=["elm", "elm street"]),
        entry("vizwiz/1.jpg", "Which soup?", answers=["tomato"]),
    ]
    put(tmp_path, "train_task_3.json", {"task_name": "Open Dictionary", "data": data})
    put(tmp_path, "test_task_3.json", {"data": [entry("icdar/9.jpg", "Why?")]})
    put(tmp_path, "train_imgs/coco-text/COCO_train2014_0.jpg", encoded())
    put(tmp_path, "test_task3_images/icdar/9.jpg", encoded())
    good, bad = read("st_vqa", tmp_path)
    assert reasons(bad) == {"st_vqa/vizwiz/1.jpg": "missing_image"}
    record = good["st_vqa/train/coco-text/COCO_train2014_0.jpg"]
    assert [question.answers for question in record.questions] == [["stop"], ["elm", "elm street"]]
    held_out = good["st_vqa/test/icdar/9.jpg"]
    assert (held_out.split, held_out.meta) == ("holdout", {"origin": "icdar", "unanswered": 1})


def docvqa_entry(page: str, question: str = "what is the date mentioned in this letter?") -> dict:
    document, number = page.split("_")
    fields = {"image": f"documents/{page}.png", "ucsf_document_id": document, "ucsf_document_page_no": number}
    return {"question": question, "answers": ["1/8/93", "1/8/1993"], **fields}


def test_docvqa(tmp_path):
    plain = [docvqa_entry("xnbl0037_1"), docvqa_entry("xnbl0037_1", "to whom?"), docvqa_entry("ffff0000_2")]
    put(tmp_path, "train_v1.0.json", {"data": plain})
    typed = [entry | {"question_types": ["handwritten", "form"]} for entry in plain]
    put(tmp_path, "train_v1.0_withQT.json", {"dataset_split": "train", "data": typed})
    unanswered = docvqa_entry("test0_1")
    del unanswered["answers"]
    put(tmp_path, "test_v1.0.json", {"data": [unanswered]})
    for page in ("xnbl0037_1", "test0_1", "ffff0000_2"):
        put(tmp_path, f"documents/{page}.png", encoded(200, 100, "PNG"))
    words = [
        {"boundingBox": [100, 40, 180, 38, 180, 62, 100, 60], "text": "Date:"},
        {"boundingBox": [200, 40, 300, 40, 300, 60, 200, 60], "text": "1/8/93", "confidence": "Low"},
    ]
    page = {"page": 1, "width": 400, "height": 200, "lines": [{"text": "Date: 1/8/93", "words": words}]}
    put(tmp_path, "ocr_results/xnbl0037_1.json", {"status": "Succeeded", "recognitionResults": [page]})
    put(tmp_path, "ocr_results/ffff0000_2.json", {"status": "Failed", "recognitionResults": []})
    good, bad = read("docvqa", tmp_path)
    assert reasons(bad) == {"docvqa/documents/ffff0000_2.png": "invalid_record"}
    record = good["docvqa/xnbl0037_1"]
    assert len(record.questions) == 2 and record.questions[0].answers == ["1/8/93", "1/8/1993"]
    assert record.words == [Word("Date:", (50, 19, 90, 31), 0), Word("1/8/93", (100, 20, 150, 30), 0)]
    assert record.lines == [Line("Date: 1/8/93", (50, 19, 150, 31))]
    assert record.meta["words_by"] == "Microsoft Read" and record.text is None
    assert record.meta["question_types"]["to whom?"] == ["handwritten", "form"]
    assert good["docvqa/test0_1"].split == "holdout"


def test_docvqa_as_it_is_packed_now(tmp_path):
    put(tmp_path, "spdocvqa_qas/val_v1.0_withQT.json", {"data": [docvqa_entry("xnbl0037_1")]})
    put(tmp_path, "spdocvqa_images/xnbl0037_1.png", encoded(format_="PNG"))
    good, bad = read("docvqa", tmp_path)
    assert not bad and good["docvqa/xnbl0037_1"].split == "holdout"


def test_infographicvqa(tmp_path):
    def block(name: str, text: str, left: float, children: tuple = ()) -> dict:
        box = {"Left": left, "Top": 0.5, "Width": 0.25, "Height": 0.1}
        links = [{"Type": "CHILD", "Ids": list(children)}] if children else None
        return {"BlockType": "X", "Id": name, "Text": text, "Geometry": {"BoundingBox": box}, "Relationships": links}

    entry = {"question": "Which platform?", "image_local_name": "20471.jpeg", "answers": ["pinterest"]}
    unsafe = entry | {"image_local_name": "1.jpeg", "ocr_output_file": "../x"}
    put(tmp_path, "infographicsvqa_qas/infographicsVQA_train_v1.0.json", {"data": [entry, unsafe]})
    for name in ("20471", "1"):
        put(tmp_path, f"infographicsvqa_images/{name}.jpeg", encoded(100, 400, "PNG"))  # the extension is wrong
    lines, words = [block("l", "68% women", 0.0, ("a", "b"))], [block("a", "68%", 0.0), block("b", "women", 0.5)]
    put(tmp_path, "infographicsvqa_ocr/20471.json", {"PAGE": [], "LINE": lines, "WORD": words})
    good, bad = read("infographicvqa", tmp_path)
    assert reasons(bad) == {"infographicvqa/1.jpeg": "unsafe_path"}
    record = good["infographicvqa/20471"]
    assert record.images == ["png"] and record.lines == [Line("68% women", (0, 200, 75, 240))]
    assert [word.box for word in record.words] == [(0, 200, 25, 240), (50, 200, 75, 240)]


def test_chartqa(tmp_path):
    human = [{"imgname": "41699051005347.png", "query": "How many food items?", "label": "14"}, {"imgname": "x.png"}]
    put(tmp_path, "train/train_human.json", human)
    made = [{"imgname": "41699051005347.png", "query": "What is the value of lamb?", "label": ["103.7", "104"]}]
    put(tmp_path, "train/train_augmented.json", made)
    put(tmp_path, "train/png/41699051005347.png", encoded(format_="PNG"))
    put(tmp_path, "train/png/x.png", encoded(format_="PNG"))
    put(tmp_path, "train/tables/41699051005347.csv", "Entity,Value\nLamb,103.7\n")
    put(tmp_path, "test/test_human.json", [human[0]])
    put(tmp_path, "test/png/41699051005347.png", encoded(format_="PNG")[:40])
    good, bad = read("chartqa", tmp_path)
    assert reasons(bad) == {"chartqa/x.png": "invalid_record", "chartqa/41699051005347.png": "damaged"}
    record = good["chartqa/train/41699051005347.png"]
    assert [(question.kind, question.answers) for question in record.questions] == [
        ("chart_augmented", ["103.7", "104"]),
        ("chart_human", ["14"]),
    ]
    assert record.meta == {"table": "Entity,Value\nLamb,103.7\n"} and record.kind == "chart"


def test_screenqa(tmp_path):
    element = {"text": "4.5 stars", "bounds": [10, 20, 110, 60], "vh_index": 7}
    truths = [
        {"full_answer": "The rating is 4.5 stars.", "ui_elements": [element]},
        {"full_answer": "It is 4.5.", "ui_elements": []},
    ]
    full = {"image_id": 1234, "question": "What is the rating?", "ground_truth": truths}
    put(tmp_path, "answers_and_bboxes/train.json", [full, full | {"image_id": 5, "ground_truth": [{"answer": "?"}]}])
    put(tmp_path, "answers_and_bboxes/validation.json", [full | {"image_id": 77}])
    short = {"image_id": "1234", "question": "What is the rating?", "ground_truth": ["4.5", "4.5 stars"]}
    put(tmp_path, "short_answers/train.json", [short])
    for number in (1234, 5, 77):
        put(tmp_path, f"combined/{number}.jpg", encoded(270, 480))
    good, bad = read("screenqa", tmp_path)
    assert reasons(bad) == {"screenqa/5": "invalid_record"}
    record = good["screenqa/train/1234"]
    assert [(question.kind, question.answers) for question in record.questions] == [
        ("sentence", ["The rating is 4.5 stars.", "It is 4.5."]),
        ("extractive", ["4.5", "4.5 stars"]),
    ]
    assert record.meta["ui_elements"] == {"What is the rating?": [[element], []]}
    assert good["screenqa/validation/77"].split == "holdout"


@pytest.mark.parametrize("content", ["[", "[]", '{"data": {}}', '{"rows": []}', '{"data": NaN}', b"\xff\xfe{}"])
def test_annotations_that_are_none(tmp_path, content):
    put(tmp_path, "TextVQA_0.5.1_train.json", content)
    good, bad = read("textvqa", tmp_path)
    assert not good and set(reasons(bad).values()) <= {"invalid_json", "invalid_annotations", "invalid_utf8"} and bad


def test_caps(tmp_path):
    file = "TextVQA_0.5.1_train.json"
    put(tmp_path, file, {"data": [textvqa_entry(0, "a", question="why? " * 100)]})
    put(tmp_path, "train_images/a.jpg", encoded())
    assert reasons(read("textvqa", tmp_path, max_annotation_bytes=99)[1]) == {f"textvqa/{file}": "too_large"}
    assert reasons(read("textvqa", tmp_path, max_record_bytes=500)[1]) == {"textvqa/a": "record_too_large"}
    assert len(read("textvqa", tmp_path)[0]) == 1


def test_folders_that_hold_no_set(tmp_path):
    for name in DATASETS:
        with pytest.raises(UserError, match=f"{name}: ") as refused:
            read(name, tmp_path)
        assert "\n" not in str(refused.value)
