"""What the check of a page catches: answers that are not there, sums that are wrong."""

import random

import pytest
from factories.synthetic_pages import FACES, TEXT

from fc_model.data.images.record import Question
from fc_pipeline.images.synthesis.check import PageError, check_page
from fc_pipeline.images.synthesis.documents import invoice


@pytest.fixture
def page():
    """An invoice with at least three items."""
    pages = (invoice.render(random.Random(seed), TEXT, FACES, "classic") for seed in range(100))
    return next(page for page in pages if len(page.meta["arithmetic"]) >= 6)


def asked(page, kind, *answers):
    page.questions[:] = [Question(question="Well?", answers=list(answers), kind=kind)]
    return page


def test_a_sound_page_passes(page):
    check_page(page, kind="document/invoice")
    assert len(page.meta["arithmetic"]) >= 4


@pytest.mark.parametrize("index", [0, -3, -2, -1])
def test_a_wrong_number_is_caught(page, index):
    """Product, subtotal, tax and total: another amount of the page stands in for the right one."""
    operation, terms, result = page.meta["arithmetic"][index]
    other = next(amount for _, amounts, amount in page.meta["arithmetic"] if amount != result and amount not in terms)
    page.meta["arithmetic"][index] = [operation, terms, other]
    with pytest.raises(PageError, match=rf"^document/invoice: {operation} of .* is not"):
        check_page(page, kind="document/invoice")


def test_a_total_that_the_page_does_not_show_is_caught(page):
    total = page.meta["arithmetic"][-1][2]
    page.questions.clear()
    page.lines[:] = [line._replace(text=line.text.replace(total, "0.01")) for line in page.lines]
    with pytest.raises(PageError, match="is not on the page"):
        check_page(page)


@pytest.mark.parametrize(
    ("kind", "answer", "problem"),
    [
        ("field", "Nobody Whatsoever", "'Nobody Whatsoever' is not on the page"),
        ("extractive", " ", "has no answer, or an empty one"),
        ("count", "three", "'three' is no whole number"),
        ("yes_no", "maybe", "neither yes nor no"),
        ("json", '{"total":', "is not JSON"),
        ("json", '["a"]', "is not a JSON object"),
        ("json", '{"total":"no such amount"}', "'no such amount' is not on the page"),
        ("riddle", "42", "kind 'riddle' is unknown"),
    ],
)
def test_a_wrong_answer_is_caught_by_name(page, kind, answer, problem):
    with pytest.raises(PageError, match=r"^classic: 'Well\?': ") as caught:
        check_page(asked(page, kind, answer))
    assert problem in str(caught.value)


def test_an_answer_may_run_over_lines(page):
    first, second = page.lines[0].text, page.lines[1].text
    check_page(asked(page, "extractive", f"{first} {second}"))


@pytest.mark.parametrize(
    ("operation", "terms", "result", "right"),
    [
        ("percent", ["7.5%", "1.00"], "0.08", True),
        ("percent", ["7.5%", "1.00"], "0.07", False),
        ("difference", ["20.00", "19.99"], "0.01", True),
        ("sum", ["1.234,50", "0,50"], "1.235,00", True),
        ("product", ["3", "$4.10"], "$12.30", True),
        ("largest", ["3", "12"], "12", True),
        ("smallest", ["3", "12"], "12", False),
    ],
)
def test_arithmetic_on_written_amounts(page, operation, terms, result, right):
    page.questions.clear()
    page.lines[0] = page.lines[0]._replace(text=" ".join([*terms, result]))
    page.meta["arithmetic"] = [[operation, terms, result]]
    if right:
        check_page(page)
    else:
        with pytest.raises(PageError, match="is not"):
            check_page(page)
