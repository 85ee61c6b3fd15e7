import re
import shutil
import subprocess
from functools import partial

import pytest
from factories.synthetic_pages import some_pages
from PIL import Image, ImageDraw
from rapidfuzz.distance import Levenshtein

from fc_pipeline.images.synthesis.colour import contrast
from fc_pipeline.images.synthesis.line import render_line
from fc_pipeline.images.synthesis.page import Page
from fc_pipeline.images.synthesis_config import LineConfig

WORD = re.compile(r"[(\"']?[A-Za-z0-9'-]+[.,;:?!)\"']*")


def lines(config: LineConfig, text, faces, count: int) -> list[Page]:
    return some_pages(partial(render_line, config=config), "plain", count, text, faces)


def test_characters_drawn_alone_where_they_begin_are_the_word(text, faces):
    """Pillow's own drawing of each character is the witness."""
    characters = 0
    for page in lines(LineConfig(max_chars=40), text, faces, 25):
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
    for page in lines(config, text, faces, 30):
        assert page.image.height == 48 and page.image.width <= 400
        assert 8 <= len(page.text) <= 30 and page.meta["style"] == "mono"
        assert page.meta["clean"] and "degradations" not in page.meta
        grey = page.image.convert("L").tobytes()
        darkest = divmod(grey.index(min(grey)), page.image.width)[::-1]
        assert contrast(page.image.getpixel((0, 0)), page.image.getpixel(darkest)) > 7


def test_tesseract_reads_the_clean_lines(text, faces, tmp_path):
    """Lines of 20 pixels an em and more, enlarged twice with a margin, as its documentation asks for.

    Running text, that is: rows of asterisks and rules of tables have no words that a reader of books could know.
    """
    if shutil.which("tesseract") is None:
        pytest.skip("tesseract is not installed (apt-get install tesseract-ocr)")
    config = LineConfig(height=48, max_width=900, min_chars=30, max_chars=60, styles=["sans", "serif"])
    pages = [page for page in lines(config, text, faces, 120) if page.meta["size"] >= 20]
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
    rate = sum(Levenshtein.distance(*pair) for pair in pairs) / sum(len(label) for label, _ in pairs)
    assert rate <= 0.02, (rate, [pair for pair in pairs if pair[0] != pair[1]])
