"""Small forms and screenshots: exact boxes in the rhythm of lines, legible, questions that the picture answers."""

import json
import random
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw
from pydantic import ValidationError

from fc_pipeline.images.synthesis.check import check_page
from fc_pipeline.images.synthesis.colour import contrast
from fc_pipeline.images.synthesis.face import Faces, NotDrawn
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.kinds import kinds
from fc_pipeline.images.synthesis.page import Kind, Page
from fc_pipeline.images.synthesis.renderer import problem_of
from fc_pipeline.images.synthesis.small.form import form_kind
from fc_pipeline.images.synthesis.small.rows import MARGIN, Rows
from fc_pipeline.images.synthesis.small.screenshot import screenshot_kind
from fc_pipeline.images.synthesis_config import KindConfig, SmallConfig, SynthesisConfig

CLEAN = SmallConfig(degraded_share=0)
TALL = SmallConfig(width=160, height=96, degraded_share=0)
KINDS = [form_kind(CLEAN), screenshot_kind(CLEAN)]
EACH = [
    pytest.param(make(config), layout, config, id=f"{kind.name}-{layout}-{config.height}")
    for kind, make in zip(KINDS, (form_kind, screenshot_kind), strict=True)
    for layout in (*kind.layouts, *kind.held_out)
    for config in (CLEAN, TALL)
]


def render(kind: Kind, layout: str, text, faces, *, count: int = 1, first: int = 0) -> list[Page]:
    """Pages that the step would keep."""
    pages = []
    for seed in range(first, first + 10 * count):
        try:
            page = kind.render(random.Random(f"{layout} {seed}"), text, faces, layout)
        except NotDrawn:
            continue
        pages += [page] * (not page.clipped)
        if len(pages) == count:
            return pages
    raise AssertionError(f"{layout}: too few draws gave a page")


def overlap(one, other) -> float:
    wide, high = (min(one[side + 2], other[side + 2]) - max(one[side], other[side]) for side in (0, 1))
    shared = max(wide, 0) * max(high, 0)
    return shared / (sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared)


@pytest.mark.parametrize(("kind", "layout", "config"), EACH)
def test_each_word_drawn_alone_has_its_box(kind, layout, config, fixed_text, installed_faces, monkeypatch):
    """Pillow's own drawing of text is the witness."""
    drawn: list = []
    inner = Page._run

    def noted(self, x, y, run, font, colour):
        drawn.append((x, y, run, font))
        return inner(self, x, y, run, font, colour)

    monkeypatch.setattr(Page, "_run", noted)
    for page in render(kind, layout, fixed_text, installed_faces, count=10):
        assert page.image.size == (config.width, config.height)
        for word in page.words:
            boxes = []
            for x, y, run, font in drawn:
                if run == word.text:
                    alone = Image.new("L", page.image.size)
                    ImageDraw.Draw(alone).text((x, y), run, fill=255, font=font, anchor="ls")
                    boxes.append(alone.getbbox())
            assert max(overlap(word.box, box) for box in boxes if box) >= 0.95, (word, boxes)
            assert len(word.starts) == len(word.text) and word.box[1] // 32 == (word.box[3] - 1) // 32, word


@pytest.mark.parametrize(("kind", "layout", "config"), EACH)
def test_words_stand_out_from_their_ground_and_nothing_lies_over_them(
    kind, layout, config, fixed_text, installed_faces
):
    for page in render(kind, layout, fixed_text, installed_faces, count=10):
        low, high = (round(part * 32) for part in config.em)
        assert low <= page.meta["size"] <= high
        for word in page.words:
            ink = page.inks[word.text, word.box]
            coverage = Image.new("L", page.image.size)
            ImageDraw.Draw(coverage).draw.draw_bitmap((ink.x, ink.y), ink.mask, 255)
            left, top, right, bottom = word.box
            rim = left - 1, top - 1, right + 1, bottom + 1
            levels, pixels = coverage.crop(rim).tobytes(), page.image.crop(rim).tobytes()
            colours = list(zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True))
            inked = {colour for colour, level in zip(colours, levels, strict=True) if level == 255}
            ground = {colour for colour, level in zip(colours, levels, strict=True) if level == 0}
            assert len(inked) <= 1 and len(ground) == 1, (word, inked, ground)
            assert all(contrast(*inked, *ground) >= 4.3 for _ in inked), (word, inked, ground)


@pytest.mark.parametrize(("kind", "layout", "config"), EACH)
def test_pages_agree_with_themselves(kind, layout, config, fixed_text, installed_faces):
    pages = render(kind, layout, fixed_text, installed_faces, count=30)
    for page in pages:
        check_page(page, kind=kind.name)
        assert problem_of(page) is None
        assert max(map(len, page.text.split("\n"))) <= config.max_chars
        asked = [question.question for question in page.questions]
        assert 1 <= len(set(asked)) == len(asked) and max(map(len, asked)) <= 40
        assert page.meta["layout"] == layout and page.meta["fonts"] and "degradations" not in page.meta
        json.dumps(page.meta)
    assert len({page.text for page in pages}) == len(pages)
    again = render(kind, layout, fixed_text, installed_faces, count=30)[-1]
    assert again.image.tobytes() == pages[-1].image.tobytes()
    assert (again.words, again.lines, again.questions, again.meta) == (
        page.words, page.lines, page.questions, page.meta
    )  # fmt: skip


@pytest.mark.parametrize("layout", [*KINDS[0].layouts, *KINDS[0].held_out])
def test_each_row_of_a_form_is_asked_for(layout, fixed_text, installed_faces):
    for page in render(form_kind(TALL), layout, fixed_text, installed_faces, count=20):
        assert len(page.lines) == len(page.questions) == 3
        for number, (line, question) in enumerate(zip(page.lines, page.questions, strict=True)):
            label, value = line.text.split(" ", 1)
            assert question.answers == [value] and question.kind == "field" and label.strip(":")
            assert line.box[1] // 32 == number


def test_a_value_is_drawn_as_it_was_made(fixed_text, installed_faces, monkeypatch):
    """Whatever was made by the fields stands there whole: none is cut to its room."""
    made: set[str] = set()
    for name in ("name", "surname", "town", "time", "percent", "postcode", "number"):
        inner = getattr(Fields, name)

        def noted(self, *args, inner=inner):
            value = inner(self, *args)
            made.add(value)
            return value

        monkeypatch.setattr(Fields, name, noted)
    pages = render(form_kind(CLEAN), "ruled", fixed_text, installed_faces, count=60)
    values = {question.answers[0] for page in pages for question in page.questions}
    assert len(values & made) > 20
    cut = {value for value in values - made for whole in made if len(value) > 5 and whole.startswith(value)}
    assert not cut


def ground(page: Page, row: int, x: int) -> tuple:
    return page.image.getpixel((x, 32 * row + 16))


@pytest.mark.parametrize("layout", ["menu", "list"])
def test_the_selected_entry_is_the_one_with_another_ground(layout, fixed_text, installed_faces):
    for page in render(screenshot_kind(TALL), layout, fixed_text, installed_faces, count=20):
        rows = [line.text for line in page.lines]
        (question,) = page.questions
        chosen = rows.index(question.answers[0])
        grounds = [ground(page, row, TALL.width - 3) for row in range(3)]
        assert grounds.count(grounds[chosen]) == 1 and len(set(grounds)) == 2, (rows, chosen, grounds)


@pytest.mark.parametrize(
    ("layout", "left"), [("check_boxes", MARGIN), ("switches", MARGIN), ("ticks", TALL.width - MARGIN - 18)]
)
def test_a_state_is_what_the_picture_shows(layout, left, fixed_text, installed_faces):
    """What stands beside labels of one state is the same to a pixel, and another picture than that of the other."""
    seen = set()
    for page in render(screenshot_kind(TALL), layout, fixed_text, installed_faces, count=20):
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


def test_layouts_and_faces_are_held_apart(fixed_text, installed_faces):
    found = kinds(SynthesisConfig(kinds={"line": KindConfig(train=0)}))
    for kind in KINDS:
        assert found[kind.name].layouts == kind.layouts
        assert kind.held_out and not set(kind.held_out) & set(kind.layouts)
        mono = installed_faces.of("mono")
        (page,) = render(kind, kind.layouts[0], fixed_text, mono)
        assert page.meta["style"] == "mono" and page.meta["fonts"] == ["DejaVuSansMono"]
        without = Faces([replace(face, characters=frozenset("x")) for face in installed_faces.faces])
        with pytest.raises(NotDrawn, match="no_face"):
            kind.render(random.Random(0), fixed_text, without, kind.layouts[0])


def test_some_are_degraded(fixed_text, installed_faces):
    config = SmallConfig(degraded_share=0.5)
    for make in (form_kind, screenshot_kind):
        kind = make(config)
        pages = render(kind, kind.layouts[0], fixed_text, installed_faces, count=40)
        assert 8 <= sum("degradations" in page.meta for page in pages) <= 32


def test_what_does_not_fit_is_drawn_again_and_never_cut(installed_faces):
    rows = Rows(random.Random(1), installed_faces, CLEAN)
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
        ({"rows": 2}, "Extra inputs are not permitted"),
    ],
)
def test_mistakes_of_the_config_are_named(settings, message):
    with pytest.raises(ValidationError, match=message):
        SmallConfig(**settings)
