"""Scores of answers, worked by hand after their published definitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fc_model.evals.answer_text import normalise_answer
from fc_model.evals.vqa import anls, exact_match, json_match, relaxed_accuracy, vqa_accuracy

SCORES = [exact_match, vqa_accuracy, anls, relaxed_accuracy, json_match]


@pytest.mark.parametrize("function", SCORES)
def test_gold_scores_one_and_nothing_zero(function):
    for gold in ["42", '"text"', "3.5", "[1, 2]"]:
        assert function(gold, [gold] * 10) == 1
        assert function("", [gold] * 10) == 0
        assert function("zebra", [gold] * 10) == 0


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The Cat.", "cat"),
        ("dont", "don't"),
        ("wouldnt've", "wouldn't've"),
        ("Im a theyre", "i'm they're"),
        ("girl's", "girl's"),
        ("well its ill", "well its ill"),
        ("2:50 p.m.", "2:50 pm"),
        ("100,978", "100978"),
        ("1,2 and 3, four", "12 and 3 4"),
        ("3.50 $", "3.50 $"),
        ("ten, none", "10 0"),
        ("red/blue (dark) t-shirt!", "red blue dark t shirt"),
        ("an apple\tand\na pear", "apple and pear"),
        ("50%", "50%"),
        ("twelve", "twelve"),
        ("", ""),
    ],
)
def test_answers_are_normalised_as_the_rules_say(text, normal):
    assert normalise_answer(text) == normal
    assert normalise_answer(normal) == normal


def annotators(**counts: int) -> list[str]:
    return [answer for answer, count in counts.items() for _ in range(count)]


@pytest.mark.parametrize(("matches", "accuracy"), [(0, 0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1), (10, 1)])
def test_vqa_accuracy_of_ten_annotators(matches, accuracy):
    """Of 2 matches, 8 leave both (2/3) and 2 leave one (1/3): (16/3 + 2/3) / 10 = 0.6. The values are well known."""
    assert vqa_accuracy("The YES!", annotators(yes=matches, no=10 - matches)) == pytest.approx(accuracy)


def test_vqa_accuracy_of_fewer_annotators():
    assert vqa_accuracy("yes", ["yes"]) == 1
    assert vqa_accuracy("yes", ["yes", "no"]) == pytest.approx(0.5)  # left out: 0 of 1, the other: 1 of 1
    assert vqa_accuracy("yes", ["yes", "yes", "no"]) == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert vqa_accuracy("yes", ["yes"] * 2 + ["no"] * 2) == pytest.approx((1 / 3 * 2 + 2 / 3 * 2) / 4)
    assert vqa_accuracy("yes", ["yes"] * 3) == 1
    assert vqa_accuracy(" ", ["the"]) == 0 and vqa_accuracy("a", ["A"]) == 1


@pytest.mark.parametrize(
    ("prediction", "answers", "value"),
    [
        ("hello", ["hello"], 1),
        (" HELLO ", ["hello"], 1),
        ("hallo", ["hello"], 0.8),
        ("hallo", ["other", "hello", "hallow"], 1 - 1 / 6),
        ("ab", ["ax"], 0.5),
        ("abc", ["axy"], 0),
        ("", [""], 1),
        ("", ["a"], 0),
    ],
)
def test_anls(prediction, answers, value):
    assert anls(prediction, answers) == pytest.approx(value)


@pytest.mark.parametrize(
    ("prediction", "answer", "right"),
    [
        ("105", "100", True),
        ("95.0", "100", True),
        ("105.1", "100", False),
        ("-100", "100", False),
        ("-96", "-100", True),
        ("15%", "15%", True),
        ("0.15", "15%", True),
        ("15", "15%", False),
        ("0", "0", True),
        ("0.01", "0", False),
        ("1e2", "100", True),
        ("Blue", "blue ", True),
        ("blues", "blue", False),
        ("nan", "NaN", True),
        ("inf", "100", False),
        ("1_0", "10", False),
        (".", "0", False),
    ],
)
def test_relaxed_accuracy(prediction, answer, right):
    assert relaxed_accuracy(prediction, ["something else", answer]) == right


@pytest.mark.parametrize(
    ("prediction", "right"),
    [
        ('{"total": 12.50, "items": [{"name": "tea", "paid": true}]}', True),
        ('\n{"items":[{"paid":true,"name":"tea"}],"total":12.5} ', True),
        ('{"total": 12.5, "items": [{"name": "tea", "paid": 1}]}', False),
        ('{"total": "12.5", "items": [{"name": "tea", "paid": true}]}', False),
        ('{"total": 12.5, "items": []}', False),
        ('{"total": 12.5, "items": [{"name": "tea", "paid": true}], "more": null}', False),
        ('{"total": 12.5, "items": [{"name": "tea", "paid": true}]', False),
        ("{'total': 12.5}", False),
        ("NaN", False),
        ("[" * 100_000, False),
        ("", False),
    ],
)
def test_json_answers_are_equal_as_json(prediction, right):
    answers = ['{"total": 0}', '{"total": 12.5, "items": [{"name": "tea", "paid": true}]}']
    assert json_match(prediction, answers) == right


def test_true_is_not_one_and_one_is_one_point_zero():
    assert json_match("1", ["1.0"]) == 1 and json_match("true", ["1"]) == 0 and json_match("[0]", ["[false]"]) == 0
    with pytest.raises(ValueError, match="Expecting"):
        json_match("1", ["one"])
    assert json_match("null", ["null"]) == 1 and json_match("null", ["0"]) == 0


def test_exact_match_after_a_stated_normalisation():
    assert exact_match("a  b", ["c", "a b"]) == 0
    assert exact_match("a  b", ["c", "a b"], normalisation="nfkc") == 1
    assert exact_match("A b", ["a b"], normalisation="nfkc") == 0


@given(st.text(max_size=15), st.lists(st.text(max_size=15), min_size=1, max_size=11))
def test_scores_lie_between_nothing_and_one(prediction, answers):
    for function in (exact_match, vqa_accuracy, anls, relaxed_accuracy):
        assert 0 <= function(prediction, answers) <= 1
        assert function(prediction, answers) == pytest.approx(function(prediction, answers[::-1]))
    assert exact_match(answers[0], answers) == anls(answers[0], answers) == relaxed_accuracy(answers[0], answers) == 1
    assert vqa_accuracy(prediction, answers * 4) <= 1


@given(st.text(max_size=15), st.text(max_size=15))
def test_anls_is_symmetric(first, second):
    assert anls(first, [second]) == anls(second, [first])


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing_more_for_words(text):
    once = normalise_answer(text)
    assert "  " not in once and once == once.strip()
    assert not {"a", "an", "the"} & set(once.split())
