"""Scores of predictions worked out by hand; gold scores 1 everywhere, nothing scores 0."""

from typing import Any

import pytest

from fc_model.evals.image_samples import ImageSample
from fc_model.evals.image_scores import exact_matches, face_scores, image_scores, is_exact
from fc_model.evals.images import Prediction


def sample(task: Any, kind: str, *answers: str, **more: Any) -> ImageSample:
    return ImageSample(
        size=(64, 16),
        number=0, id="x", kind=kind, task=task, group=0, prompt="", answers=list(answers),
        **{"fonts": ("a",) if task == "read" else ()} | more,
    )  # fmt: skip


def said(text: str | None, about: ImageSample, recognized: str | None = None) -> Prediction:
    return Prediction(sample=about, text=text, recognized=recognized)


SAMPLES = [
    sample("read", "line", "four cats", fonts=("a", "b")),
    sample("read", "line", "x \u2075", fonts=("b",)),
    sample("recognize", "scene/sign", "STOP"),
    sample("caption", "emoji", "a red apple"),
    sample("answer", "document/chart", "50", question_kind="count"),
    sample("answer", "document/form", '{"a":1,"b":"c"}', question_kind="json"),
    sample("answer", "scene", "blue", "navy", votes=["blue"] * 3 + ["navy"] * 7, question_kind="extractive"),
]


def gold() -> list[Prediction]:
    return [said(s.answers[0], s, s.answers[0] if s.task in ("read", "recognize") else None) for s in SAMPLES]


def test_worked_examples() -> None:
    texts = ["four cat", "x 5", None, "a red apple", "52", '{"b": "c", "a": 1}', "navy"]
    recognized = ["four cats", None, "STOP", None, None, None, None]
    predictions = [said(text, s, read) for text, s, read in zip(texts, SAMPLES, recognized, strict=True)]
    scores = image_scores(predictions)
    assert (scores["read_exact_match"], scores["read_exact_match_nfkc"]) == (0, 0.5)
    assert scores["read_cer"] == pytest.approx(2 / 12) and scores["read_wer"] == pytest.approx(2 / 4)
    assert scores["read_recognizer_exact_match_line"] == 1  # of the one that it was asked about
    assert scores["recognize_recognizer_exact_match_scene_sign"] == 1
    assert scores["caption_exact_match_emoji"] == 1 and scores["caption_cer"] == 0
    assert (scores["answer_relaxed_document_chart"], scores["answer_exact_match_document_chart"]) == (1, 0)
    assert (scores["answer_json_match"], scores["answer_exact_match_document_form"]) == (1, 0)
    assert scores["answer_vqa_accuracy"] == 1 and scores["answer_exact_match_scene"] == 1
    assert scores["answer_anls_document_chart"] == 0.5 and scores["answer_exact_match_question_count"] == 0
    assert scores["answer_exact_match_question_json"] == 1
    assert scores["exact_match"] == pytest.approx(4 / 7) and scores["samples"] == 7
    assert [is_exact(prediction) for prediction in predictions] == [False, False, True, True, False, True, True]


def test_strings_of_training_are_scored_apart() -> None:
    samples = [sample("read", "line", "the", seen=True), sample("read", "line", "king", seen=False)]
    samples += [sample("read", "line", "queen", seen=False), sample("answer", "shape", "red", seen=True)]
    texts = ["the", "king", "quean", "blue"]
    scores = image_scores([said(text, s) for text, s in zip(texts, samples, strict=True)])
    assert (scores["read_exact_match_seen"], scores["read_exact_match_unseen"]) == (1, 0.5)
    assert scores["read_exact_match_unseen_line"] == 0.5 and scores["read_samples_unseen"] == 2
    assert (scores["read_cer_seen_line"], scores["read_cer_unseen_line"]) == (0, pytest.approx(1 / 9))
    assert scores["answer_exact_match_seen_shape"] == 0 and "answer_exact_match_unseen" not in scores
    assert not any("seen" in name for name in image_scores(gold())), "training's strings are not known"


def test_gold_scores_one_and_silence_nothing() -> None:
    best, worst = image_scores(gold()), image_scores([said("", s, "") for s in SAMPLES])
    assert best.keys() > {"read_cer", "answer_vqa_accuracy"}
    for name, value in best.items():
        if name.startswith("samples"):
            assert value == worst[name] > 0
        elif "_cer" in name or "_wer" in name:
            assert (value, worst[name]) == (0, 1)
        else:
            assert value == 1 or "vqa" in name
            assert worst[name] == 0
    assert best["answer_vqa_accuracy"] == pytest.approx(0.9)  # three of ten; the majority says navy


def test_faces_and_controls() -> None:
    predictions = [said("four cats", SAMPLES[0]), said("?", SAMPLES[1]), said("a red apple", SAMPLES[3])]
    assert list(face_scores(predictions).items()) == [
        ("b", {"samples": 2, "exact_match": 0.5}),
        ("a", {"samples": 1, "exact_match": 1.0}),
    ]
    shuffled = exact_matches(predictions, control="shuffled")
    assert shuffled["exact_match_shuffled"] == pytest.approx(2 / 3)
    assert shuffled["read_exact_match_shuffled_line"] == 0.5 and shuffled["caption_exact_match_shuffled"] == 1
    assert exact_matches([], control="shuffled") == {} and image_scores([]) == {}
