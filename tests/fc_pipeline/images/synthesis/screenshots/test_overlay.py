"""Which words the record keeps when something comes to lie over them."""

import random

from factories.synthetic_pages import FACES, TEXT

from fc_pipeline.images.synthesis.colour import LARGE_CONTRAST
from fc_pipeline.images.synthesis.page import Page
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.overlay import cover, cursor, dim, panel, tooltip, visible_contrast


def page_with(*lines: str, colour=(0, 0, 0), ground=(255, 255, 255)) -> Page:
    page = Page.blank(300, 30 * len(lines) + 10, ground)
    for number, line in enumerate(lines):
        page.line(10, 30 * (number + 1), line, FACES.faces[0], 14, colour)
    return page


def test_a_covered_word_leaves_and_its_line_breaks_there():
    page = page_with("one two three four", "five six")
    left, top, right, bottom = page.words[1].box
    cover(page, (left + 2, top - 2, right - 2, bottom + 2))
    assert [line.text for line in page.lines] == ["one", "three four", "five six"]
    assert [word.line for word in page.words] == [0, 1, 1, 2, 2]


def test_a_word_that_is_touched_by_one_pixel_leaves_and_a_line_beside_it_keeps_its_spacing():
    page = page_with("a  b", "one two")
    edge, top, _, bottom = page.words[3].box
    cover(page, (edge - 2, top, edge, bottom))
    assert page.text == "a  b\none two"
    cover(page, (edge - 2, top, edge + 1, bottom))
    assert page.text == "a  b\none"


def test_dimmed_words_stay_as_long_as_their_contrast_does():
    kept = {}
    for share in (0.2, 0.5, 0.9):
        page = page_with("black on white")
        page.line(150, 30, "faint", FACES.faces[0], 14, (150, 150, 150))
        dim(page, share)
        kept[share] = page.text
        assert all(visible_contrast(page.image, word.box) >= LARGE_CONTRAST for word in page.words)
    assert kept[0.2].startswith("black on white") and kept[0.5] == "black on white" and kept[0.9] == ""


def test_a_panel_hides_what_is_under_it():
    canvas = Canvas(random.Random(3), TEXT, FACES)
    canvas.text(10, 10, 200, 20, "under the panel")
    canvas.text(10, 150, 200, 20, "beside it")
    panel(canvas, 5, 5, 210, 40, canvas.theme.surface)
    assert canvas.page.text == "beside it"


def test_a_crowded_page_gets_neither_pointer_nor_tip():
    canvas = Canvas(random.Random(1), TEXT, FACES)
    cursor(canvas)
    assert canvas.page.meta.pop("cursor")
    for y in range(0, int(canvas.height) - 12, 8):
        canvas.text(1, y, canvas.width - 2, 10, "m" * int((canvas.width - 8) / canvas.measure("m")))
    before = canvas.page.image.tobytes()
    cursor(canvas)
    tooltip(canvas, "some tip")
    assert "cursor" not in canvas.page.meta and canvas.page.image.tobytes() == before
