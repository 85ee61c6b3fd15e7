"""What the check of a page catches: boxes outside, answers that are not there, sums that are wrong."""

import pytest
from factories.synthetic_pages import FACES

from fc_model.data.images.record import Question, Word
from fc_model.errors import UserError
from fc_pipeline.images.synthesis.check import check_page
from fc_pipeline.images.synthesis.page import Page


def page(*lines: str) -> Page:
    made = Page.blank(200, 60)
    for number, line in enumerate(lines):
        made.line(5, 25 + 20 * number, line, FACES.faces[0], 14)
    return made


def check(page: Page, problem: str | None) -> None:
    if problem is None:
        check_page(page, where="here")
        return
    with pytest.raises(UserError) as caught:
        check_page(page, where="here")
    assert str(caught.value).startswith(f"here: {problem}") and str(caught.value).endswith("correct its renderer")


@pytest.mark.parametrize(
    ("text", "box", "problem"),
    [
        ("words", (150, 10, 201, 30), "the box (150, 10, 201, 30) of 'words' is not inside 200x60"),
        ("worms", (50, 10, 90, 30), "the line 'two words' has the words ['two', 'worms']"),
        (" ", (50, 10, 90, 30), "' ' is no word"),
    ],
)
def test_a_word_that_contradicts_the_page_is_caught(text, box, problem):
    made = page("two words")
    made.words[1] = Word(text, box, 0)
    check(made, problem)


def test_a_line_without_words_is_caught():
    made = page("two words")
    made.lines *= 2
    check(made, "words are of the lines [0], but there are 2 lines")


@pytest.mark.parametrize(
    ("kind", "answer", "problem"),
    [
        ("extractive", "first line second", None),
        ("field", "Nobody Whatsoever", "'Nobody Whatsoever' is not on the page"),
        ("extractive", " ", "has no answer, or an empty one"),
        ("count", "three", "'three' is no whole number"),
        ("yes_no", "maybe", "'maybe' is neither yes nor no"),
        ("json", '{"total":', "'{\"total\":' is not JSON"),
        ("json", '["a"]', "'[\"a\"]' is not a JSON object"),
        ("json", '{"total":"no such amount"}', "'no such amount' is not on the page"),
        ("riddle", "42", "kind 'riddle' is unknown"),
    ],
)
def test_a_wrong_answer_is_caught_by_name(kind, answer, problem):
    made = page("the first line", "second line")
    made.questions.append(Question(question="Well?", answers=[answer], kind=kind))
    check(made, problem and f"'Well?': {problem}")


@pytest.mark.parametrize(
    ("operation", "terms", "result", "right"),
    [
        ("percent", ["7.5%", "1.00"], "0.08", True),
        ("percent", ["7.5%", "1.00"], "0.07", False),
        ("difference", ["20.00", "19.99"], "0.01", True),
        ("sum", ["1.234,50", "0,50"], "1.235,00", True),
        ("sum", ["1.234,50", "0,50"], "1.235,50", False),
        ("product", ["3", "$4.10"], "$12.30", True),
        ("product", ["4", "$4.10"], "$12.30", False),
        ("largest", ["3", "12"], "12", True),
        ("smallest", ["3", "12"], "12", False),
    ],
)
def test_arithmetic_on_written_amounts(operation, terms, result, right):
    made = page(" ".join([*terms, result]))
    made.meta["arithmetic"] = [[operation, terms, result]]
    check(made, None if right else f"{operation} of {terms} is not '{result}'")
    made.meta["arithmetic"] = [[operation, terms, "77"]]
    check(made, f"{operation} of {terms}: '77' is not on the page")
