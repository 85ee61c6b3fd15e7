"""Strings that count as the same, those that only the holdout shows, and those that training has too."""

import pytest

from fc_model.data.images.record import ImageRecord, Question
from fc_pipeline.images.strings import TrainingStrings, string_key, string_split
from fc_pipeline.images.synthesis_config import StringsConfig

WORDS = [f"word{number}" for number in range(2000)]


@pytest.mark.parametrize(
    ("one", "other"),
    [("The", "the,"), ("Café", "CAFE"), ("ﬁnal", "final"), ("of the", "(of) the!"), ("x²", "x2"), (">>>", "> > >")],
)
def test_nearly_equal_strings_are_the_same(one, other):
    assert string_key(one) == string_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("cat", "cats"), (">>>", "<<<"), ("日本", "日本語"), ("1.2", "1.3"), ("-", "+")]
)
def test_others_are_not(one, other):
    assert string_key(one) != string_key(other)


def test_a_share_of_the_short_strings_is_held_out():
    config = StringsConfig(held_out_share=0.2)
    sides = [string_split(word, config) for word in WORDS]
    assert set(sides) == {"train", "holdout"} and sides.count("holdout") == pytest.approx(400, abs=60)
    assert [string_split(f" {word.upper()}!", config) for word in WORDS] == sides
    assert string_split("a" * 41, config) is None
    assert string_split("word", StringsConfig(held_out_share=0)) is None


def record(text: str | None = None, caption: str | None = None, *questions: tuple[str, str]) -> ImageRecord:
    asked = [Question(question=question, answers=[answer, "or so"], kind="field") for question, answer in questions]
    return ImageRecord(
        id="s/1", source="s", kind="line", family="text", licence="MIT", width=1, height=1, text=text, caption=caption,
        questions=asked,
    )  # fmt: skip


def test_what_training_has():
    training = [record("The"), record("the."), record("cat"), record(None, "a dog", ("Age?", "7"))]
    strings = TrainingStrings(training)
    assert strings.seen(record("THE", "a cat", ("age", "7"), ("Age?", "8"))) == {
        "text": [True], "caption": [False], "question": [True, False],
    }  # fmt: skip
    assert strings.seen(record("a dog")) == {"text": [False]}, "a caption is no text that was read"
    assert strings.seen(record("")) == {}
    assert strings.shares["distinct_text_share"] == pytest.approx(2 / 3, abs=1e-6)
    assert strings.shares["commonest_text_share"] == pytest.approx(2 / 3, abs=1e-6)
    assert strings.shares["commonest_caption_share"] == 1


def test_without_training_images_nothing_is_seen():
    strings = TrainingStrings([])
    assert strings.shares == {} and strings.seen(record("the")) == {"text": [False]}
