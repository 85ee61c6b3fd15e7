"""What screens show: states, selections and pointers, beyond what holds for every layout."""

import json

import pytest
from factories.synthetic_pages import FACES, KINDS, pages_of, render

from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page
from fc_pipeline.images.synthesis.screenshots.canvas import LARGEST_SIDE, LEAST_SIDE, overlap


def test_screens_have_the_sizes_of_screens():
    for name in (name for name in KINDS if name.startswith("screenshot/")):
        for page in pages_of(name, KINDS[name].layouts[-1]):
            width, height = page.image.size
            assert LEAST_SIDE <= width <= LARGEST_SIDE and 200 <= height <= LARGEST_SIDE


def answers(page: Page, start: str) -> list[str]:
    return [question.answers[0] for question in page.questions if question.question.startswith(start)]


def line_of(page: Page, text: str):
    return [line for line in page.lines if line.text == text]


def ground(page: Page, box, *, points: float, above: float = 0.0) -> tuple:
    """The pixel so many points left of a box, and above its middle."""
    scale = page.meta["scale"]
    return page.image.getpixel((box[0] - round(points * scale), (box[1] + box[3]) // 2 - round(above * scale)))


@pytest.mark.parametrize("layout", ["bar", "context"])
def test_the_highlighted_entry_is_the_one_with_another_ground(layout):
    seen = 0
    for seed in range(8):
        page = render("screenshot/menu", layout, seed)
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


def test_checked_boxes_look_like_each_other_and_like_no_other():
    for seed in range(8):
        page = render("screenshot/settings", "checks", seed)
        for raw in answers(page, "List the settings"):
            states = json.loads(raw)
            assert answers(page, "How many settings") == [str(len(states["on"]))]
            colours = {
                state: {ground(page, line_of(page, label)[0].box, points=13, above=3) for label in labels}
                for state, labels in states.items()
            }
            assert len(colours["on"]) <= 1 and not colours["on"] & colours["off"]


def test_switches_that_are_on_have_their_knob_at_the_right():
    seen = set()
    for seed in range(6):
        page = render("screenshot/settings", "cards", seed)
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


def test_the_selected_file_is_the_one_with_another_ground():
    for seed in range(6):
        page = render("screenshot/window", "list", seed)
        for name in answers(page, "Which file is selected"):
            # The title may be the same name; the list comes after it.
            mine = line_of(page, name)[-1]
            column = [line for line in page.lines if abs(line.box[0] - mine.box[0]) <= 3]
            unlike = [
                line.text for line in column if ground(page, line.box, points=3) == ground(page, mine.box, points=3)
            ]
            assert unlike == [name]


def test_the_pointer_hides_no_word():
    pointers = 0
    for name in (name for name in KINDS if name.startswith("screenshot/")):
        for page in pages_of(name, KINDS[name].layouts[0]):
            if "cursor" in page.meta:
                pointers += 1
                x, y = page.meta["cursor"]
                side = round(14 * page.meta["scale"])
                assert not any(overlap(word.box, (x, y, x + side, y + side)) for word in page.words)
    assert pointers > 5


def test_the_body_of_a_screen_is_not_bold_where_another_face_is_there():
    for seed in range(6):
        page = render("screenshot/dialog", "entry", seed)
        assert "DejaVuSans" in page.meta["fonts"]
    bold = Faces([face for face in FACES.faces if face.name == "DejaVuSans-Bold"])
    page = render("screenshot/dialog", "entry", 0, faces=bold)
    assert page.words and page.meta["fonts"] == ["DejaVuSans-Bold"]


def test_code_stays_on_the_screen_in_a_face_that_is_not_monospaced():
    serif = Faces([face for face in FACES.faces if face.name == "DejaVuSerif"])
    for layout in (*KINDS["screenshot/terminal"].layouts, "diff"):
        for seed in range(4):
            page = render("screenshot/terminal", layout, seed, faces=serif)
            assert page.clipped == 0 and page.words
