import random
import re
import shutil
import subprocess

import pytest
from factories.synthetic_pages import iou
from PIL import Image, ImageChops, ImageDraw

from fc_pipeline.images.synthesis.colour import contrast
from fc_pipeline.images.synthesis.face import NotDrawn
from fc_pipeline.images.synthesis.line import HELD_OUT, LAYOUTS, line_kind
from fc_pipeline.images.synthesis.page import Page
from fc_pipeline.images.synthesis_config import LineConfig

WORD = re.compile(r"[(\"']?[A-Za-z0-9'-]+[.,;:?!)\"']*")


def drawn(config: LineConfig, text, faces, layout: str, count: int) -> list[Page]:
    pages = []
    for number in range(10 * count):
        try:
            pages.append(line_kind(config).render(random.Random(number), text, faces, layout))
        except NotDrawn:
            continue
        if len(pages) == count:
            return pages
    raise AssertionError(f"{layout}: too few draws gave a line")


@pytest.mark.parametrize("layout", [*LAYOUTS, *HELD_OUT])
def test_every_box_is_the_ink_of_its_word_drawn_alone(layout, text, faces):
    words = 0
    for page in drawn(LineConfig(max_chars=40), text, faces, layout, 25):
        face = next(face for face in faces.faces if face.name == page.meta["fonts"][0])
        assert page.clipped == 0 and page.image.height == 32 and page.image.width <= 256
        assert page.text == page.lines[0].text == " ".join(word.text for word in page.words)
        colours = set()
        for word in page.words:
            alone = Page.blank(1000, 200)
            alone.line(200, 100, word.text, face, page.meta["size"])
            ink = ImageChops.invert(alone.image.convert("L"))
            box = ink.getbbox()
            moved = word.box[0] - box[0], word.box[1] - box[1]
            again = tuple(edge + moved[side % 2] for side, edge in enumerate(box))
            assert iou(again, word.box) >= 0.95, (word, again, face.name)
            # It lies there and not beside: where it covers a pixel wholly, the page has the colour of the ink.
            size = page.image.size
            covered = ink.transform(size, Image.Transform.AFFINE, (1, 0, -moved[0], 0, 1, -moved[1]))
            colours |= {
                page.image.getpixel((place % size[0], place // size[0]))
                for place, level in enumerate(covered.tobytes())
                if level == 255
            }
            words += 1
        assert len(colours) <= 1 or "degradations" in page.meta, (page.text, colours)
    assert words > 25


def test_characters_drawn_alone_where_they_begin_are_the_word(text, faces):
    """Pillow's own drawing of each character is the witness."""
    characters = 0
    for page in drawn(LineConfig(max_chars=40), text, faces, "plain", 25):
        face = next(face for face in faces.faces if face.name == page.meta["fonts"][0])
        font = face.font(page.meta["size"])
        for word in page.words:
            assert len(word.starts) == len(word.text)
            whole = Image.new("L", (page.image.width + 40, 200))
            for character, start in zip(word.text, word.starts, strict=True):
                ImageDraw.Draw(whole).text((start, 100), character, fill=255, font=font, anchor="ls")
            left, _, right, _ = whole.getbbox()
            assert abs(left - word.box[0]) <= 1 and abs(right - word.box[2]) <= 1, (word, left, right, face.name)
            characters += len(word.text)
    assert characters > 200


def test_lines_are_what_the_config_says(text, faces):
    config = LineConfig(height=48, max_width=400, min_chars=8, max_chars=30, styles=["mono"])
    for page in drawn(config, text, faces, "plain", 30):
        assert page.image.height == 48 and page.image.width <= 400
        assert 8 <= len(page.text) <= 30 and page.meta["style"] == "mono"
        assert page.meta["clean"] and "degradations" not in page.meta
        grey = page.image.convert("L").tobytes()
        darkest = divmod(grey.index(min(grey)), page.image.width)[::-1]
        assert contrast(page.image.getpixel((0, 0)), page.image.getpixel(darkest)) > 7


def distance(one: str, other: str) -> int:
    """Levenshtein's."""
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, 1):
        last, row[0] = row[0], number
        for place, its in enumerate(other, 1):
            last, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, last + (character != its))
    return row[-1]


def test_tesseract_reads_the_clean_lines(text, faces, tmp_path):
    """Lines of 20 pixels an em and more, enlarged twice with a margin, as its documentation asks for.

    Running text, that is: rows of asterisks and rules of tables have no words that a reader of books could know.
    """
    if shutil.which("tesseract") is None:
        pytest.skip("tesseract is not installed (apt-get install tesseract-ocr)")
    config = LineConfig(height=48, max_width=900, min_chars=30, max_chars=60, styles=["sans", "serif"])
    pages = [page for page in drawn(config, text, faces, "plain", 120) if page.meta["size"] >= 20]
    wanted = [page for page in pages if all(map(WORD.fullmatch, page.text.split())) and page.meta["clean"]]
    assert len(wanted) > 30
    for number, page in enumerate(wanted):
        sheet = Page.blank(page.image.width + 40, page.image.height + 40, page.image.getpixel((0, 0)))
        sheet.image.paste(page.image, (20, 20))
        sheet.image.resize((2 * sheet.image.width, 2 * sheet.image.height)).save(tmp_path / f"{number}.png")
    (tmp_path / "list.txt").write_text("".join(f"{tmp_path}/{number}.png\n" for number in range(len(wanted))))
    ran = subprocess.run(
        ["tesseract", tmp_path / "list.txt", "-", "--psm", "7"], capture_output=True, text=True, check=True,
        env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin:/usr/local/bin:/bin"},
    )  # fmt: skip
    read = [" ".join(line.split()) for line in ran.stdout.split("\f")]
    pairs = [(page.text, line) for page, line in zip(wanted, read, strict=False)]
    rate = sum(distance(*pair) for pair in pairs) / sum(len(label) for label, _ in pairs)
    assert rate <= 0.02, (rate, [pair for pair in pairs if pair[0] != pair[1]])
