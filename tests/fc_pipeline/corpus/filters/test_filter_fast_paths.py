"""The filters that decide plain cases themselves must decide as datatrove's blocks do."""

import pytest
from factories.documents import document
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_pipeline.corpus.filter_quality import labelled_cases
from fc_pipeline.corpus.filters import quality, repetition
from fc_pipeline.corpus.filters.datatrove_verdict import ask_block
from fc_pipeline.corpus.filters.quality import QualitySettings
from fc_pipeline.corpus.filters.repetition import RepetitionSettings

WORDS = st.sampled_from(
    ["the", "of", "a", "cat", "sat", "3", "...", "#", "-", "•", "x_1", "naïve", "∑", "\n", "\n\n", "…\n"]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=120).map(" ".join)
LOOSE = QualitySettings(min_words=1)
SHORT = RepetitionSettings(min_words=0)


def check_quality(text: str, chosen: QualitySettings) -> None:
    expected, _ = ask_block(quality.block, chosen, document("x", text))
    assert quality.passes(text, chosen) == (expected is None), expected
    assert quality.low_quality(document("x", text), chosen) == expected


def check_repetition(text: str, chosen: RepetitionSettings) -> None:
    expected, _ = ask_block(repetition.block, chosen, document("x", text))
    assert not (repetition.surely_passes(text, chosen) and expected), expected
    assert repetition.repetitive(document("x", text), chosen) == expected


@settings(max_examples=300)
@given(TEXTS.filter(str.strip))
def test_texts_equal_datatrove(text: str) -> None:
    check_repetition(text, SHORT)
    if any(char.isalnum() for char in text):
        check_quality(text, LOOSE)


@pytest.mark.parametrize("kind", ["quality", "repetition", "fineweb"])
def test_labelled_cases_equal_datatrove(kind: str) -> None:
    for case in labelled_cases(kind):
        check_quality(case["text"], QualitySettings())
        check_repetition(case["text"], SHORT)


def test_repetition_fast_path_share() -> None:
    good = [case["text"] for case in labelled_cases("repetition") if case["label"] == "keep" and "domain" in case]
    prose = [text for text in good if len(text) > 1000]
    assert sum(repetition.surely_passes(text, RepetitionSettings()) for text in prose) >= 0.8 * len(prose)
