"""Every layout of every kind: exact boxes, legible words, answers that the page has, the same bytes from a seed."""

import json

import numpy as np
import pytest
from factories.synthetic_pages import FACES, KINDS, TEXT, alone, drawn, every_layout, iou, layer_of, pages_of, render
from PIL import Image

from fc_model.data.images.record import union
from fc_pipeline.images.synthesis.check import check_page
from fc_pipeline.images.synthesis.face import Face, Faces, NotDrawn
from fc_pipeline.images.synthesis.screenshots.canvas import LARGEST_SIDE, LEAST_SIDE, overlap


@every_layout
def test_each_word_drawn_alone_has_its_box(name, layout):
    """Pillow's own drawing of text is the witness; in a scene, the ink of the flat word, transformed alone."""
    for _, page, runs, flat in drawn(name, layout):
        if "homography" in page.meta:
            assert [text for text, _, _ in flat] == [word.text for word in page.words]
            back = np.linalg.inv(np.array(page.meta["homography"]).reshape(3, 3))
            data = tuple((back / back[2, 2]).flatten()[:8])
            for word, (_, ink, size), quad in zip(page.words, flat, page.meta["quads"], strict=True):
                xs, ys = zip(*quad, strict=True)
                rim = min(xs) - 1.5, min(ys) - 1.5, max(xs) + 1.5, max(ys) + 1.5
                assert len(quad) == 4 and union([word.box, rim]) == rim, "quads lie around the boxes"
                method, sampling = Image.Transform.PERSPECTIVE, Image.Resampling.BILINEAR
                whole = layer_of(ink, size).transform(page.image.size, method, data, sampling)
                assert iou(word.box, whole.getbbox()) >= 0.95, (word, whole.getbbox())
            continue
        if name.startswith("document/"):
            assert [run for _, _, run, _ in runs] == [word.text for word in page.words]
        assert min(font.size for *_, font in runs) >= 9
        for word in page.words:
            boxes = [alone(page.image.size, *run) for run in runs if run[2] == word.text]
            assert max(iou(word.box, box) for box in boxes if box) >= 0.95, (word, boxes)
            assert len(word.starts) == len(word.text)


def standing_out(page, word) -> tuple[float, float]:
    """How the brightness in a box follows the word's ink: the correlation, 1 undisturbed, and the step in levels."""
    # A rim around it, so that a dash has a ground too.
    left, top, right, bottom = word.box
    box = max(left - 1, 0), max(top - 1, 0), min(right + 1, page.image.width), min(bottom + 1, page.image.height)
    ink = layer_of(page.inks[word.text, word.box], page.image.size)
    covers, greys = (np.asarray(image.crop(box), dtype=float).ravel() for image in (ink, page.image.convert("L")))
    inside, outside = greys[covers > 160], greys[covers == 0]
    step = abs(inside.mean() - outside.mean()) if len(inside) and len(outside) else 255.0
    return (abs(np.corrcoef(covers, greys)[0, 1]) if greys.std() and covers.std() else 0.0), step


@every_layout
def test_words_can_be_read_and_lie_apart(name, layout):
    for page in pages_of(name, layout):
        for word in page.words:
            correlation, step = standing_out(page, word)
            assert step > 22 if name.startswith("scene/") else correlation > 0.75, (word, correlation, step)
        for number, word in enumerate(page.words):
            covered = [other for other in page.words[number + 1 :] if iou(word.box, other.box) > 0.05]
            assert not covered or name.startswith("scene/"), (word, covered)


@every_layout
def test_pages_agree_with_themselves(name, layout):
    asked = set()
    for page in pages_of(name, layout):
        check_page(page, where=name)
        assert page.words and page.clipped == 0
        questions = [question.question for question in page.questions]
        asked |= {question.kind for question in page.questions}
        assert page.meta["layout"] == layout and page.meta["fonts"]
        json.dumps(page.meta)
        if name.startswith("document/"):
            assert 2 <= len(questions) <= 8
            boxes = np.array([word.box for word in page.words])
            # A word that touches an edge may be cut off.
            assert (boxes[:, :2] > 0).all() and (boxes[:, 2:] < page.image.size).all()
        else:
            assert len(set(questions)) == len(questions)
        width, height = page.image.size
        if name.startswith("scene/"):
            assert page.caption and min(width, height) >= 100 and max(width, height) <= 560
        if name.startswith("screenshot/"):
            assert page.caption and LEAST_SIDE <= width <= LARGEST_SIDE and 200 <= height <= LARGEST_SIDE
        if "cursor" in page.meta:
            (x, y), side = page.meta["cursor"], round(14 * page.meta["scale"])
            assert not any(overlap(word.box, (x, y, x + side, y + side)) for word in page.words)
    assert asked or name == "line"


@every_layout
def test_a_seed_gives_the_same_page(name, layout):
    (seed, page, *_), (_, other, *_) = drawn(name, layout)[:2]
    again = render(name, layout, seed)
    assert page.image.tobytes() == again.image.tobytes() != other.image.tobytes()
    for part in ("words", "lines", "questions", "meta", "caption"):
        assert getattr(page, part) == getattr(again, part)


@pytest.mark.parametrize("name", KINDS)
def test_layouts_are_held_out_pages_differ_and_faces_must_have_ascii(name):
    kind = KINDS[name]
    assert kind.held_out and not set(kind.held_out) & set(kind.layouts)
    pages = pages_of(name, kind.layouts[0])
    assert len({page.text for page in pages}) == len(pages)
    face = FACES.faces[0]
    digits = Faces([Face("Digits", face.file, "sans", face.licence, frozenset("0123456789 "))])
    with pytest.raises(NotDrawn, match="no_face"):
        render(name, kind.layouts[0], 0, text=TEXT, faces=digits)
