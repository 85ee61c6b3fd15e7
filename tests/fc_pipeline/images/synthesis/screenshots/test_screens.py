"""Every layout of every kind of screenshot: exact boxes, visible words, questions that the picture answers."""

import json
import random

import pytest
from PIL import Image, ImageDraw

from fc_pipeline.images.synthesis.check import check_page
from fc_pipeline.images.synthesis.face import Face, Faces, NotDrawn
from fc_pipeline.images.synthesis.page import Kind, Page, text_width
from fc_pipeline.images.synthesis.screenshots import dialog, menu, settings, terminal, web_page, window
from fc_pipeline.images.synthesis.screenshots.canvas import LARGEST_SIDE, LEAST_FONT, LEAST_SIDE, overlap

KINDS = [module.KIND for module in (dialog, menu, settings, terminal, web_page, window)]
EACH = [pytest.param(kind, layout, id=f"{kind.name}-{layout}") for kind in KINDS for layout in kind.layouts]
SEEDS = range(5)


def render(kind: Kind, layout: str, seed: int, text, faces) -> Page:
    return kind.render(random.Random(f"{kind.name} {layout} {seed}"), text, faces, layout)


def iou(first, second) -> float:
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(wide, 0) * max(high, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return shared / (sum(areas) - shared)


@pytest.fixture
def drawn(monkeypatch) -> list:
    """(x, y, run, font) of each word of the lines that a page draws."""
    calls: list = []
    inner = Page.line

    def spy(self, x, y, text, face, size, colour=(0, 0, 0)):
        place = float(x)
        for number, run in enumerate(text.split(" ")):
            place += text_width(face, size, " ") * (number > 0)
            calls.append((round(place), y, run, face.font(size)))
            place += text_width(face, size, run)
        return inner(self, x, y, text, face, size, colour)

    monkeypatch.setattr(Page, "line", spy)
    return calls


def alone(size, x, y, run, font):
    """A word on an empty page, drawn by Pillow's own way to draw text."""
    layer = Image.new("L", size)
    ImageDraw.Draw(layer).text((x, y), run, fill=255, font=font, anchor="ls")
    return layer.getbbox()


@pytest.mark.parametrize(("kind", "layout"), EACH)
def test_boxes_are_those_of_each_word_drawn_alone(kind, layout, fixed_text, installed_faces, drawn):
    for seed in SEEDS:
        drawn.clear()
        page = render(kind, layout, seed, fixed_text, installed_faces)
        assert page.words and page.clipped == 0
        assert all(font.size >= LEAST_FONT for _, _, _, font in drawn)
        for word in page.words:
            boxes = [alone(page.image.size, *call) for call in drawn if call[2] == word.text]
            assert max(iou(word.box, box) for box in boxes) >= 0.95, (seed, word)


def visibility(page: Page, word) -> float:
    """How well the brightness inside a box follows the word's ink: 1 when nothing disturbs it, 0 when it is hidden."""
    ink = page.inks[word.text, word.box]
    mask = Image.new("L", page.image.size)
    ImageDraw.Draw(mask).draw.draw_bitmap((ink.x, ink.y), ink.mask, 255)
    left, top, right, bottom = word.box
    # A rim around it, so that a dash has a ground too.
    box = max(left - 1, 0), max(top - 1, 0), min(right + 1, page.image.width), min(bottom + 1, page.image.height)
    covers, greys = mask.crop(box).tobytes(), page.image.crop(box).convert("L").tobytes()
    mean_c, mean_g = sum(covers) / len(covers), sum(greys) / len(greys)
    both = sum((c - mean_c) * (g - mean_g) for c, g in zip(covers, greys, strict=True))
    spread = sum((c - mean_c) ** 2 for c in covers) * sum((g - mean_g) ** 2 for g in greys)
    return abs(both) / spread**0.5 if spread else 0.0


@pytest.mark.parametrize(("kind", "layout"), EACH)
def test_words_of_the_record_are_visible_and_apart(kind, layout, fixed_text, installed_faces):
    for seed in SEEDS:
        page = render(kind, layout, seed, fixed_text, installed_faces)
        for word in page.words:
            assert visibility(page, word) > 0.75, (seed, word)
        for number, word in enumerate(page.words):
            covered = [other for other in page.words[number + 1 :] if iou(word.box, other.box) > 0.1]
            assert not covered, (seed, word, covered)


@pytest.mark.parametrize(("kind", "layout"), EACH)
def test_pages_agree_with_themselves(kind, layout, fixed_text, installed_faces):
    asked = set()
    for seed in SEEDS:
        page = render(kind, layout, seed, fixed_text, installed_faces)
        check_page(page, kind=f"{kind.name}/{layout}")
        asked.update(question.kind for question in page.questions)
        width, height = page.image.size
        assert LEAST_SIDE <= width <= LARGEST_SIDE and 200 <= height <= LARGEST_SIDE
        assert [line.text.split() for line in page.lines] == [
            [word.text for word in page.words if word.line == number] for number in range(len(page.lines))
        ]
        assert page.caption and page.meta["layout"] == layout and page.meta["fonts"]
        assert len({question.question for question in page.questions}) == len(page.questions), page.questions
        json.dumps(page.meta)
    assert asked


@pytest.mark.parametrize(("kind", "layout"), EACH)
def test_a_seed_gives_the_same_page(kind, layout, fixed_text, installed_faces):
    first, again = (render(kind, layout, 7, fixed_text, installed_faces) for _ in range(2))
    assert first.image.tobytes() == again.image.tobytes()
    assert (first.words, first.lines, first.questions, first.meta) == (
        again.words,
        again.lines,
        again.questions,
        again.meta,
    )
    assert render(kind, layout, 8, fixed_text, installed_faces).image.tobytes() != first.image.tobytes()


def test_each_kind_holds_a_layout_out():
    assert all(kind.held_out and set(kind.held_out) < set(kind.layouts) for kind in KINDS)


def answers(page: Page, start: str) -> list[str]:
    return [question.answers[0] for question in page.questions if question.question.startswith(start)]


def line_of(page: Page, text: str):
    return [line for line in page.lines if line.text == text]


def ground(page: Page, box, *, points: float, above: float = 0.0) -> tuple:
    """The pixel so many points left of a box, and above its middle."""
    scale = page.meta["scale"]
    return page.image.getpixel((box[0] - round(points * scale), (box[1] + box[3]) // 2 - round(above * scale)))


@pytest.mark.parametrize("layout", [menu.BAR, menu.CONTEXT])
def test_the_highlighted_entry_is_the_one_with_another_ground(layout, fixed_text, installed_faces):
    seen = 0
    for seed in range(8):
        page = render(menu.KIND, layout, seed, fixed_text, installed_faces)
        (label,) = answers(page, "Which menu entry is highlighted")
        (count,) = answers(page, "How many entries")
        lines = line_of(page, label)
        assert len(lines) == 1
        left = lines[0].box[0]
        entries = [line for line in page.lines[-3 * int(count) :] if abs(line.box[0] - left) <= 3]
        grounds = [ground(page, line.box, points=2.5) for line in entries]
        mine = ground(page, lines[0].box, points=2.5)
        others = [colour for line, colour in zip(entries, grounds, strict=True) if line.text != label]
        assert mine not in others
        seen += len(others)
        shortcuts = [q for q in page.questions if q.question.startswith("What is the shortcut")]
        for question in shortcuts:
            entry = line_of(page, question.question.split('"')[1])[0]
            key = line_of(page, question.answers[0])[0]
            assert abs(sum(entry.box[1::2]) - sum(key.box[1::2])) < 10 * page.meta["scale"]
    assert seen > 10


def test_checked_boxes_look_like_each_other_and_like_no_other(fixed_text, installed_faces):
    for seed in range(8):
        page = render(settings.KIND, settings.CHECKS, seed, fixed_text, installed_faces)
        for raw in answers(page, "List the settings"):
            states = json.loads(raw)
            assert answers(page, "How many settings") == [str(len(states["on"]))]
            colours = {
                state: {ground(page, line_of(page, label)[0].box, points=13, above=3) for label in labels}
                for state, labels in states.items()
            }
            assert len(colours["on"]) <= 1 and not colours["on"] & colours["off"]


def test_switches_that_are_on_have_their_knob_at_the_right(fixed_text, installed_faces):
    seen = set()
    for seed in range(6):
        page = render(settings.KIND, settings.CARDS, seed, fixed_text, installed_faces)
        for raw in answers(page, "List the settings"):
            for state, labels in json.loads(raw).items():
                for label in labels:
                    _, *edges = line_of(page, label)[0].box
                    # The pen begins 48 points from the left, 32 after the switch; knobs' middles are 7 and 19 inside.
                    box = round(48 * page.meta["scale"]), *edges
                    knobs = [ground(page, box, points=points) for points in (25, 13)]
                    body = ground(page, box, points=19)
                    assert (knobs[1] != body) == (state == "on") and (knobs[0] != body) == (state == "off")
                    seen.add(state)
    assert seen == {"on", "off"}


def test_the_selected_file_is_the_one_with_another_ground(fixed_text, installed_faces):
    for seed in range(6):
        page = render(window.KIND, window.LIST, seed, fixed_text, installed_faces)
        for name in answers(page, "Which file is selected"):
            # The title may be the same name; the list comes after it.
            mine = line_of(page, name)[-1]
            column = [line for line in page.lines if abs(line.box[0] - mine.box[0]) <= 3]
            unlike = [
                line.text for line in column if ground(page, line.box, points=3) == ground(page, mine.box, points=3)
            ]
            assert unlike == [name]


def test_the_pointer_hides_no_word(fixed_text, installed_faces):
    pointers = 0
    for kind in KINDS:
        for seed in range(6):
            page = render(kind, kind.layouts[0], seed, fixed_text, installed_faces)
            if "cursor" in page.meta:
                pointers += 1
                x, y = page.meta["cursor"]
                side = round(14 * page.meta["scale"])
                assert not any(overlap(word.box, (x, y, x + side, y + side)) for word in page.words)
    assert pointers > 5


def test_the_body_of_a_screen_is_not_bold_where_another_face_is_there(fixed_text, installed_faces):
    for seed in range(6):
        page = render(dialog.KIND, dialog.ENTRY, seed, fixed_text, installed_faces)
        assert "DejaVuSans" in page.meta["fonts"]
    bold = Faces([face for face in installed_faces.faces if face.name == "DejaVuSans-Bold"])
    page = render(dialog.KIND, dialog.ENTRY, 0, fixed_text, bold)
    assert page.words and page.meta["fonts"] == ["DejaVuSans-Bold"]


def test_faces_without_latin_letters_are_refused(fixed_text, installed_faces):
    face = installed_faces.faces[0]
    digits = Face(
        name="Digits", file=face.file, style="sans", licence=face.licence, characters=frozenset("0123456789 ")
    )
    with pytest.raises(NotDrawn, match="no_face"):
        render(window.KIND, window.LIST, 0, fixed_text, Faces([digits]))


def test_code_stays_on_the_screen_in_a_face_that_is_not_monospaced(fixed_text, installed_faces):
    serif = Faces([face for face in installed_faces.faces if face.name == "DejaVuSerif"])
    for layout in terminal.KIND.layouts:
        for seed in range(4):
            page = render(terminal.KIND, layout, seed, fixed_text, serif)
            assert page.clipped == 0 and page.words
