"""Exact match, CER and WER, worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fc_model.evals.recognition import Reading, compare, normalise, recognition_scores

REFERENCES = ["the cat sat", "a", "Größe 12\nzwei"]


def test_worked_example():
    """`the cat sat` read as `the bat sat!`: 2 of 11 characters, 2 of 3 words; `a` read as `a`; nothing was read of the
    third, 13 characters and 3 words."""
    predictions = ["the bat sat!", "a", ""]
    readings = [compare(read, wanted) for read, wanted in zip(predictions, REFERENCES, strict=True)]
    assert readings == [Reading(False, 2, 11, 2, 3), Reading(True, 0, 1, 0, 1), Reading(False, 13, 13, 3, 3)]
    assert recognition_scores(readings) == pytest.approx({"exact_match": 1 / 3, "cer": 15 / 25, "wer": 5 / 7})


@pytest.mark.parametrize(
    ("pairs", "exact_match", "cer", "wer"),
    [
        ([(text, text) for text in REFERENCES], 1, 0, 0),
        ([("", text) for text in REFERENCES], 0, 1, 1),
        ([("", "")], 1, 0, 0),
        ([("made up", "")], 0, 1, 1),
        ([("made up", ""), ("ab", "ab")], 0.5, 7 / 2, 2),  # more was made up than stands there
    ],
)
def test_scores(pairs, exact_match, cer, wer):
    scores = recognition_scores([compare(read, wanted) for read, wanted in pairs])
    assert scores == {"exact_match": exact_match, "cer": cer, "wer": wer}


def test_nothing_to_score():
    with pytest.raises(ValueError, match="no texts"):
        recognition_scores([])


def test_normalisations():
    assert normalise("ﬁ  x\n ", "none") == "ﬁ  x\n "
    assert normalise(" ﬁ \t x\n①", "nfkc") == "fi x 1"
    assert not compare("one  two", "one two").exact
    assert compare("one  two", "one two").word_edits == 0
    assert compare(" one\ntwo ", "one two", normalisation="nfkc") == Reading(True, 0, 7, 0, 2)
    assert not compare("ONE", "one", normalisation="nfkc").exact


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), min_size=1, max_size=8))
def test_the_corpus_is_the_sum_of_its_parts(pairs):
    readings = [compare(read, wanted, normalisation="nfkc") for read, wanted in pairs]
    scores = recognition_scores(readings)
    assert recognition_scores(readings[::-1]) == scores
    edits, characters = sum(r.character_edits for r in readings), sum(r.characters for r in readings)
    assert scores["cer"] * characters == pytest.approx(edits) or characters == 0
    assert (scores["exact_match"] == 1) == (edits == 0)
