"""Every layout of every kind of document: exact boxes, legible, questions that the page answers."""

import random

import numpy as np
import pytest
from factories.document_fixtures import KINDS, LAYOUTS, a_face, faces, text
from factories.fixed_text import WORDS, FixedText
from fc_pipeline.images.synthesis.documents.layout import Pen, fitted, write
from fc_pipeline.images.synthesis.documents.look import LEAST_CONTRAST, legible
from PIL import Image, ImageDraw

from fc_pipeline.images.synthesis.check import check_page
from fc_pipeline.images.synthesis.colour import contrast
from fc_pipeline.images.synthesis.documents import invoice, receipt
from fc_pipeline.images.synthesis.face import Faces, NotDrawn
from fc_pipeline.images.synthesis.page import Page

SEEDS = range(3)
every_layout = pytest.mark.parametrize(
    ("kind", "layout"), LAYOUTS, ids=lambda value: str(getattr(value, "name", value))
)


def render(kind, layout, seed):
    return kind.render(random.Random(f"{kind.name} {layout} {seed}"), text(), faces(), layout)


def area(box):
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def iou(one, other):
    shared = area((*np.maximum(one[:2], other[:2]), *np.minimum(one[2:], other[2:])))
    return shared / (area(one) + area(other) - shared)


@every_layout
def test_each_word_drawn_alone_has_its_box(kind, layout, monkeypatch):
    """Pillow's own drawing of text is the witness, word by word; what was drawn is what is written down."""
    drawn = []
    original = Page._run

    def noted(self, x, y, run, font, colour):
        box = original(self, x, y, run, font, colour)
        if box is not None:
            drawn.append((x, y, run, font))
        return box

    monkeypatch.setattr(Page, "_run", noted)
    for seed in SEEDS:
        drawn.clear()
        page = render(kind, layout, seed)
        assert len(page.words) >= 5
        for word, (x, y, run, font) in zip(page.words, drawn, strict=True):
            alone = Image.new("L", page.image.size)
            ImageDraw.Draw(alone).text((x, y), run, fill=255, font=font, anchor="ls")
            assert word.text == run
            assert iou(word.box, alone.getbbox()) >= 0.95, (seed, word)
            assert font.size >= 9


@every_layout
def test_pages_are_legible_and_lines_hold_their_words(kind, layout):
    for seed in SEEDS:
        page = render(kind, layout, seed)
        pixels = np.asarray(page.image.convert("L"), dtype=int)
        boxes = np.array([word.box for word in page.words])
        # A word that touches an edge may be cut off.
        assert (boxes[:, :2] > 0).all()
        assert (boxes[:, 2] < page.image.width).all() and (boxes[:, 3] < page.image.height).all()
        for word in page.words:
            left, top, right, bottom = word.box
            around = pixels[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1]
            assert around.max() - around.min() >= 60, (seed, word)
        shared = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        overlap = np.clip(shared, 0, None).prod(axis=2)
        np.fill_diagonal(overlap, 0)
        sizes = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        worst = overlap / np.minimum(sizes[:, None], sizes[None, :])
        one, other = np.unravel_index(worst.argmax(), worst.shape)
        assert worst.max() <= 0.05, (seed, page.words[one], page.words[other])
        for number, line in enumerate(page.lines):
            assert line.text.split() == [word.text for word in page.words if word.line == number]


@every_layout
def test_questions_are_answered_and_the_same_seed_gives_the_same_bytes(kind, layout):
    asked = set()
    for seed in range(8):
        page = render(kind, layout, seed)
        check_page(page, kind=kind.name)
        asked |= {question.kind for question in page.questions}
        assert 2 <= len(page.questions) <= 8
    assert len(asked) >= 2
    again = render(kind, layout, 7)
    assert again.image.tobytes() == page.image.tobytes()
    assert (again.words, again.lines, again.questions) == (page.words, page.lines, page.questions)
    assert (again.meta, again.caption) == (page.meta, page.caption)
    assert page.meta["layout"] == layout and page.meta["fonts"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_layouts_are_held_out_and_pages_differ(kind):
    assert kind.held_out and not set(kind.held_out) & set(kind.layouts)
    assert len({render(kind, kind.layouts[0], seed).text for seed in range(10)}) == 10


def test_invoices_add_up_by_another_reading():
    """Amounts read off the lines of the page, without the notes of the renderer."""
    kind = next(kind for kind in KINDS if kind.name == "document/invoice")

    def cents(written):
        return int("".join(character for character in written if character.isdigit()))

    for seed in range(10):
        page = render(kind, "classic", seed)
        operations = page.meta["arithmetic"]
        sums = [(terms, result) for operation, terms, result in operations if operation == "sum"]
        assert [sum(map(cents, terms)) for terms, _ in sums] == [cents(result) for _, result in sums]
        lines = page.text.splitlines()
        for operation, (quantity, price), result in (item for item in operations if item[0] == "product"):
            assert int(quantity) * cents(price) == cents(result), operation
            assert any(line.endswith(f" {quantity} {price} {result}") for line in lines)


def test_a_page_is_given_up_when_no_font_has_ascii():
    symbols = Faces([a_face("STIXSizFiveSymReg", "sans")])
    for kind in KINDS:
        with pytest.raises(NotDrawn, match="no_face"):
            kind.render(random.Random(0), text(), symbols, kind.layouts[0])


def test_pale_colours_are_made_legible():
    assert contrast((255, 255, 0), (255, 255, 255)) < 1.2
    assert contrast(legible((255, 255, 0), (255, 255, 255)), (255, 255, 255)) >= LEAST_CONTRAST
    assert contrast(legible((0, 0, 90), (10, 10, 10)), (10, 10, 10)) >= LEAST_CONTRAST


def test_a_line_beyond_the_page_gives_the_page_up():
    pen = Pen(faces().faces[0], 12, (0, 0, 0))
    page = Page.blank(60, 40)
    write(page, "short", pen, y=2, left=2)
    with pytest.raises(NotDrawn, match="too_wide"):
        write(page, "much too long", pen, y=2, left=2)
    with pytest.raises(NotDrawn, match="too_tall"):
        write(page, "low", pen, y=30, left=2)
    assert page.text == "short"


@pytest.mark.parametrize("layout", [*invoice.KIND.layouts, *invoice.KIND.held_out])
def test_names_that_are_cut_are_asked_as_they_are_drawn(layout):
    supply = FixedText([word for word in WORDS if word.isalpha() and 9 <= len(word) <= 11])
    for seed in range(40):
        check_page(invoice.render(random.Random(seed), supply, faces(), layout))


def test_an_amount_is_never_cut():
    pen = Pen(faces().faces[0], 12, (0, 0, 0))
    page = Page.blank(200, 40)
    receipt._pair(page, "5 x 200,00 EUR", "1.000,00 EUR", pen, y=2, left=2, right=198)
    assert page.text == "5 x 200,00 EUR 1.000,00 EUR"
    with pytest.raises(NotDrawn, match="too_wide"):
        receipt._pair(page, "5 x 200,00 EUR", "1.000,00 EUR", pen, y=2, left=2, right=120)


def test_text_is_cut_at_words_and_only_where_it_must_be():
    pen = Pen(faces().faces[0], 12, (0, 0, 0))
    for whole, room, shown in [
        ("whole  text,", "whole text,", "whole text,"),
        ("--", "--", "--"),
        ("one, (two)", "one, (", "one"),
        ("-- two", "--", "--"),
        ("letters-of", "letters-", "letters"),
    ]:
        assert fitted(whole, pen, pen.width(room)) == shown
