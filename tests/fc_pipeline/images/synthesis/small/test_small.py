"""Small forms and screenshots: in the rhythm of lines, legible, questions that the picture answers."""

import random
from functools import partial

import pytest
from factories.synthetic_pages import CLEAN, FACES, KINDS, TALL, TALL_KINDS, layer_of, pages_of, some_pages
from pydantic import ValidationError

from fc_pipeline.images.synthesis.colour import contrast
from fc_pipeline.images.synthesis.face import NotDrawn
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Page
from fc_pipeline.images.synthesis.small.form import render_form
from fc_pipeline.images.synthesis.small.rows import MARGIN, Rows
from fc_pipeline.images.synthesis.small.screenshot import render_screenshot
from fc_pipeline.images.synthesis_config import SmallConfig

SMALL = {name: kind for name, kind in (KINDS | TALL_KINDS).items() if name.startswith("small/")}
EACH = [(name, layout) for name, kind in SMALL.items() for layout in (*kind.layouts, *kind.held_out)]


@pytest.mark.parametrize(("name", "layout"), EACH)
def test_words_stand_out_from_their_ground_and_nothing_lies_over_them(name, layout):
    config = TALL if name.endswith("tall") else CLEAN
    low, high = (round(part * 32) for part in config.em)
    for page in pages_of(name, layout, 10):
        assert page.image.size == (config.width, config.height) and low <= page.meta["size"] <= high
        assert max(map(len, page.text.split("\n"))) <= config.max_chars and "degradations" not in page.meta
        assert max(len(question.question) for question in page.questions) <= 40
        for word in page.words:
            assert word.box[1] // 32 == (word.box[3] - 1) // 32, word
            coverage = layer_of(page.inks[word.text, word.box], page.image.size)
            left, top, right, bottom = word.box
            rim = left - 1, top - 1, right + 1, bottom + 1
            levels, pixels = coverage.crop(rim).tobytes(), page.image.crop(rim).tobytes()
            colours = list(zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True))
            inked = {colour for colour, level in zip(colours, levels, strict=True) if level == 255}
            ground = {colour for colour, level in zip(colours, levels, strict=True) if level == 0}
            assert len(inked) <= 1 and len(ground) == 1, (word, inked, ground)
            assert all(contrast(*inked, *ground) >= 4.3 for _ in inked), (word, inked, ground)


@pytest.mark.parametrize("layout", [layout for name, layout in EACH if name == "small/form"])
def test_each_row_of_a_form_is_asked_for(layout):
    for page in pages_of("small/form tall", layout, 20):
        assert len(page.lines) == len(page.questions) == 3
        for number, (line, question) in enumerate(zip(page.lines, page.questions, strict=True)):
            label, value = line.text.split(" ", 1)
            assert question.answers == [value] and question.kind == "field" and label.strip(":")
            assert line.box[1] // 32 == number


def test_a_value_is_drawn_as_it_was_made(monkeypatch):
    """Whatever was made by the fields stands there whole: none is cut to its room."""
    made: set[str] = set()
    for name in ("name", "surname", "town", "time", "percent", "postcode", "number"):
        inner = getattr(Fields, name)

        def noted(self, *args, inner=inner, **settings):
            value = inner(self, *args, **settings)
            made.add(value)
            return value

        monkeypatch.setattr(Fields, name, noted)
    values = {q.answers[0] for page in some_pages(KINDS["small/form"].render, "ruled", 60) for q in page.questions}
    assert len(values & made) > 20
    assert not {value for value in values - made for whole in made if len(value) > 5 and whole.startswith(value)}


def ground(page: Page, row: int, x: int) -> tuple:
    return page.image.getpixel((x, 32 * row + 16))


@pytest.mark.parametrize("layout", ["menu", "list"])
def test_the_selected_entry_is_the_one_with_another_ground(layout):
    for page in pages_of("small/screenshot tall", layout, 20):
        rows = [line.text for line in page.lines]
        (question,) = page.questions
        chosen = rows.index(question.answers[0])
        grounds = [ground(page, row, TALL.width - 3) for row in range(3)]
        assert grounds.count(grounds[chosen]) == 1 and len(set(grounds)) == 2, (rows, chosen, grounds)


@pytest.mark.parametrize(
    ("layout", "left"), [("check_boxes", MARGIN), ("switches", MARGIN), ("ticks", TALL.width - MARGIN - 18)]
)
def test_a_state_is_what_the_picture_shows(layout, left):
    """What stands beside labels of one state is the same to a pixel, and another picture than that of the other."""
    seen = set()
    for page in pages_of("small/screenshot tall", layout, 20):
        shown: dict[str, set[bytes]] = {"yes": set(), "no": set()}
        rows = [line.text for line in page.lines]
        states = {}
        for question in page.questions:
            if question.kind == "yes_no":
                label = question.question.removeprefix("Is ").rpartition(" ")[0]
                top = 32 * rows.index(label)
                states[label] = question.answers[0]
                shown[states[label]].add(page.image.crop((left, top, left + 18, top + 32)).tobytes())
            elif question.kind == "choice":
                assert [label for label, state in states.items() if state == "yes"] == question.answers
        assert len(states) >= 2 and max(map(len, shown.values())) == 1 and not shown["yes"] & shown["no"]
        seen |= set(states.values())
    assert seen == {"yes", "no"}


def test_faces_are_of_the_styles_and_some_pages_are_degraded():
    config = SmallConfig(degraded_share=0.5, styles=["mono"])
    for draw, layout in (render_form, "plain"), (render_screenshot, "message"):
        pages = some_pages(partial(draw, config=config), layout, 40)
        assert {(page.meta["style"], *page.meta["fonts"]) for page in pages} == {("mono", "DejaVuSansMono")}
        assert 8 <= sum("degradations" in page.meta for page in pages) <= 32


def test_what_does_not_fit_is_drawn_again_and_never_cut():
    rows = Rows(random.Random(1), FACES, CLEAN, "plain")
    texts = iter(["a text of very many letters", "WWWWWWWWWW", "taken", "fits"])
    assert rows.fitting(lambda: next(texts), 100, {"taken"}) == "fits"
    with pytest.raises(NotDrawn, match="too_wide"):
        rows.fitting(lambda: "WWWWWWWWWW", 100)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"height": 32}, r"height \(32\) is not two or more rows of row_height \(32\) pixels"),
        ({"height": 80}, r"height \(80\) is not two or more rows"),
        ({"em": (0.7, 0.5)}, r"em \(0.7, 0.5\) is no range within \[0.2, 1\]"),
    ],
)
def test_mistakes_of_the_config_are_named(settings, message):
    with pytest.raises(ValidationError, match=message):
        SmallConfig(**settings)
