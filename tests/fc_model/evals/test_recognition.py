"""Exact match, CER and WER, worked by hand."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fc_model.evals.recognition import Reading, compare, normalise, score

REFERENCES = ["the cat sat", "a", "Größe 12\nzwei"]


def test_worked_example():
    """`the cat sat` read as `the bat sat!`: 2 of 11 characters, 2 of 3 words; `a` read as `a`; nothing was read of the
    third, 13 characters and 3 words."""
    predictions = ["the bat sat!", "a", ""]
    readings = [compare(found, wanted) for found, wanted in zip(predictions, REFERENCES, strict=True)]
    assert readings == [Reading(False, 2, 11, 2, 3), Reading(True, 0, 1, 0, 1), Reading(False, 13, 13, 3, 3)]
    scores = score(readings)
    assert scores.samples == 3 and scores.exact_match == pytest.approx(1 / 3)
    assert scores.cer == pytest.approx(15 / 25) and scores.wer == pytest.approx(5 / 7)
    assert scores.mean_cer == pytest.approx((2 / 11 + 0 + 1) / 3)
    assert scores.mean_wer == pytest.approx((2 / 3 + 0 + 1) / 3)


def test_gold_is_perfect_and_nothing_is_all_wrong():
    gold = score([compare(text, text) for text in REFERENCES])
    assert (gold.exact_match, gold.cer, gold.wer, gold.mean_cer, gold.mean_wer) == (1, 0, 0, 0, 0)
    empty = score([compare("", text) for text in REFERENCES])
    assert (empty.exact_match, empty.cer, empty.wer, empty.mean_cer, empty.mean_wer) == (0, 1, 1, 1, 1)


def test_where_nothing_stands_nothing_must_be_read():
    assert score([compare("", "")]).cer == 0 and score([compare("", "")]).exact_match == 1
    made_up = score([compare("made up", "")])
    assert (made_up.exact_match, made_up.cer, made_up.wer) == (0, 1, 1)
    assert score([compare("made up", ""), compare("ab", "ab")]).cer == 7 / 2, "more was made up than stands there"
    with pytest.raises(ValueError, match="no texts"):
        score([])


def test_normalisations():
    assert normalise("ﬁ  x\n ", "none") == "ﬁ  x\n "
    assert normalise(" ﬁ \t x\n①", "nfkc") == "fi x 1"
    assert not compare("one  two", "one two").exact
    assert compare("one  two", "one two").word_edits == 0
    assert compare(" one\ntwo ", "one two", normalisation="nfkc") == Reading(True, 0, 7, 0, 2)
    assert not compare("ONE", "one", normalisation="nfkc").exact


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), min_size=1, max_size=8))
def test_the_corpus_is_the_sum_of_its_parts(pairs):
    readings = [compare(found, wanted, normalisation="nfkc") for found, wanted in pairs]
    scores = score(readings)
    assert dataclasses.astuple(score(readings[::-1])) == pytest.approx(dataclasses.astuple(scores))
    edits, characters = sum(r.character_edits for r in readings), sum(r.characters for r in readings)
    assert scores.cer * characters == pytest.approx(edits) or characters == 0
    assert (scores.exact_match == 1) == (edits == 0)
