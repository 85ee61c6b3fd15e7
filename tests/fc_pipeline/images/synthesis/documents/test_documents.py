"""What sheets and kinds of documents do beyond what holds for every layout."""

import random

import pytest
from factories.fixed_text import WORDS, FixedText
from factories.synthetic_pages import FACES, KINDS, TEXT

from fc_pipeline.images.synthesis.check import check_page
from fc_pipeline.images.synthesis.colour import TEXT_CONTRAST, contrast, legible
from fc_pipeline.images.synthesis.documents import invoice
from fc_pipeline.images.synthesis.documents.receipt import write_pair
from fc_pipeline.images.synthesis.documents.sheet import Sheet, Style, fitted
from fc_pipeline.images.synthesis.face import NotDrawn


def sheet(width: int, height: int) -> Sheet:
    face, black, white = FACES.faces[0], (0, 0, 0), (255, 255, 255)
    style = Style(face, face, size=12, margin=2, paper=white, ink=black, muted=black, accent=black)
    return Sheet(random.Random(0), TEXT, style, "plain", (width, height))


def test_pale_colours_are_made_legible():
    assert contrast((255, 255, 0), (255, 255, 255)) < 1.2
    assert contrast(legible((255, 255, 0), (255, 255, 255)), (255, 255, 255)) >= TEXT_CONTRAST
    assert contrast(legible((0, 0, 90), (10, 10, 10)), (10, 10, 10)) >= TEXT_CONTRAST


def test_a_line_beyond_the_page_gives_the_page_up():
    page = sheet(60, 40)
    assert page.write("short") == page.top == 2 + page.leading
    with pytest.raises(NotDrawn, match="too_wide"):
        page.write("much too long", top=2)
    with pytest.raises(NotDrawn, match="too_tall"):
        page.write("low", top=30)
    assert page.page.text == "short"


@pytest.mark.parametrize("layout", [*KINDS["document/invoice"].layouts, "framed"])
def test_names_that_are_cut_are_asked_as_they_are_drawn(layout):
    text = FixedText([word for word in WORDS if word.isalpha() and 9 <= len(word) <= 11])
    for seed in range(40):
        check_page(invoice.render(random.Random(seed), text, FACES, layout), where=layout)


def test_an_amount_is_never_cut():
    page = sheet(200, 40)
    write_pair(page, "5 x 200,00 EUR", "1.000,00 EUR")
    assert page.page.text == "5 x 200,00 EUR 1.000,00 EUR"
    with pytest.raises(NotDrawn, match="too_wide"):
        write_pair(sheet(120, 40), "5 x 200,00 EUR", "1.000,00 EUR")


def test_text_is_cut_at_words_and_only_where_it_must_be():
    pen = sheet(60, 40).body
    for whole, room, shown in [
        ("whole  text,", "whole text,", "whole text,"),
        ("--", "--", "--"),
        ("one, (two)", "one, (", "one"),
        ("-- two", "--", "--"),
        ("letters-of", "letters-", "letters"),
    ]:
        assert fitted(whole, pen, pen.width(room)) == shown
