"""Small pictures: boxes where the words are, sizes within their bounds, sheets with every cell on them."""

import base64
import io
import random

import pytest
from PIL import Image, ImageDraw

from fc_pipeline.report.sheets import Cell, label_font, sheet, shorten
from fc_pipeline.report.thumbnails import source, thumbnail

WORD = (20, 10, 60, 30)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@pytest.fixture
def stored() -> bytes:
    """A black word on white."""
    image = Image.new("RGB", (100, 50), WHITE)
    ImageDraw.Draw(image).rectangle((20, 10, 59, 29), fill=BLACK)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_word_box(stored: bytes, scale: float) -> None:
    size = {"width": round(100 * scale), "height": round(50 * scale)}
    plain, marked = thumbnail(stored, **size), thumbnail(stored, **size, boxes=[WORD])
    assert marked.size == (size["width"], size["height"])
    left, top, right, bottom = (round(scale * edge) for edge in WORD)
    around = {(x, y) for x in range(left - 1, right + 1) for y in (top - 1, bottom)}
    around |= {(x, y) for y in range(top - 1, bottom + 1) for x in (left - 1, right)}
    places = {(x, y) for x in range(marked.width) for y in range(marked.height)}
    assert {place for place in places if plain.getpixel(place) != marked.getpixel(place)} == around
    red, _, blue = marked.getpixel((left - 1, top - 1))
    assert blue > red


def test_enlarged_at_most_twice(stored: bytes) -> None:
    assert thumbnail(stored, width=4000, height=4000).size == (200, 100)
    assert thumbnail(stored, width=4000, height=25).size == (50, 25)


def test_an_image_below_the_caps_that_are_usual() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 6)).save(buffer, "PNG")
    assert thumbnail(buffer.getvalue(), width=100, height=100).size == (32, 12)


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(0).randbytes(3 * width * height))


@pytest.mark.parametrize("max_bytes", [200_000, 40_000, 5_000])
def test_max_bytes(max_bytes: int) -> None:
    kind, _, text = source(noise(300, 200), max_bytes=max_bytes).partition(";base64,")
    data = base64.b64decode(text)
    image = Image.open(io.BytesIO(data))
    assert len(data) <= max_bytes and kind == f"data:image/{(image.format or '').lower()}"
    assert (image.size == (300, 200)) == (max_bytes > 5_000)


def test_drawings_lossless(stored: bytes) -> None:
    drawing = Image.open(io.BytesIO(stored))
    address = source(drawing, max_bytes=10_000)
    assert address.startswith("data:image/png;")
    again = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    assert again.convert("RGB").tobytes() == drawing.tobytes()


def test_sheet() -> None:
    colours = [(40 * number, 200 - 30 * number, 90) for number in range(5)]
    cells = [Cell(Image.new("RGB", (60, 20 + 10 * n), colour), (("text", True),)) for n, colour in enumerate(colours)]
    drawn = sheet(cells, columns=2, width=60)
    counts = {colour: count for count, colour in drawn.getcolors(1 << 20) or []}
    assert [counts[colour] for colour in colours] == [60 * (20 + 10 * n) for n in range(5)]


def test_shorten() -> None:
    font = label_font()
    assert shorten("short", font, 100) == "short"
    cut = shorten("a line of text that is too long", font, 100)
    assert cut.endswith("…") and font.getlength(cut) <= 100 < font.getlength(f"{cut[:-1]}xx…")
