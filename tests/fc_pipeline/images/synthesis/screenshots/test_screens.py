"""What screens show: states, selections and pointers, beyond what holds for every layout."""

import json

import pytest
from factories.synthetic_pages import FACES, KINDS, render

from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page


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
        (label,), (count,) = answers(page, "Which menu entry is highlighted"), answers(page, "How many entries")
        (line,) = line_of(page, label)
        entries = [each for each in page.lines[-3 * int(count) :] if abs(each.box[0] - line.box[0]) <= 3]
        others = [ground(page, each.box, points=2.5) for each in entries if each.text != label]
        assert ground(page, line.box, points=2.5) not in others
        seen += len(others)
        for question in page.questions:
            if question.question.startswith("What is the shortcut"):
                texts = question.question.split('"')[1], question.answers[0]
                entry, key = (sum(line_of(page, text)[0].box[1::2]) for text in texts)
                assert abs(entry - key) < 10 * page.meta["scale"]
    assert seen > 10


def test_checked_boxes_look_like_each_other_and_like_no_other():
    seen = 0
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
            seen += bool(colours["on"] and colours["off"])
    assert seen >= 3


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
    seen = 0
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
            seen += len(column) > 1
    assert seen >= 3


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
