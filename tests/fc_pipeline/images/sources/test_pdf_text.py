"""What a page shows is its text: turned pages, words without ink, accents that are drawn apart."""

import io
from typing import Any

import numpy as np
import pytest
from factories.pdf_pages import HEIGHT, WIDTH, pdf_page, stream, text
from PIL import Image

from fc_pipeline.images.sources.pdf_pages import render_pages

PLAIN = text("plain words", y=250)
SCAN = "q 400 0 0 300 0 0 cm /Scan Do Q\n"
BAR = "q 0 g 35 195 300 30 re f Q\n"


def read(data: bytes, *, dpi: int = 96) -> dict[str, Any]:
    (page,), _ = render_pages(data, first=0, last=1, dpi=dpi)
    return page


def scan_of(words: str) -> tuple[str, str]:
    """A picture of a page with these words as an image object, and the resources that name it as /Scan."""
    _, (png,) = render_pages(pdf_page(text(words)), first=0, last=1, dpi=72)
    pixels = Image.open(io.BytesIO(png)).convert("L")
    entries = f"/Type /XObject /Subtype /Image /Width {pixels.width} /Height {pixels.height}"
    entries += " /ColorSpace /DeviceGray /BitsPerComponent 8"
    return stream(pixels.tobytes().decode("latin-1"), entries), "/XObject << /Scan 6 0 R >>"


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_the_text_of_a_turned_page_is_that_which_stands_upright_in_the_picture(rotate: int, turned: int) -> None:
    """`turned`: degrees by which the text runs counter-clockwise on the page before the page is turned clockwise."""
    cos, sin = round(np.cos(np.radians(turned))), round(np.sin(np.radians(turned)))
    lines = text("first line") + text("second row", y=160)
    centre = (
        f"1 0 0 1 {WIDTH / 2} {HEIGHT / 2} cm {cos} {sin} {-sin} {cos} 0 0 cm 1 0 0 1 {-HEIGHT / 2} {-WIDTH / 2} cm"
    )
    page = read(pdf_page(f"q {centre} {lines} Q", rotate=rotate))
    if rotate == turned:
        assert page["text"] == "first line\nsecond row" and page["rotated"] == 0
        assert all(right - left > bottom - top for _, (left, top, right, bottom) in page["lines"])
    else:
        assert page["text"] == "" and page["rotated"] == 18


def test_mirrored_text_is_turned_text() -> None:
    assert read(pdf_page(f"-1 0 0 1 400 0 cm {PLAIN}"))["rotated"] == 10
    assert read(pdf_page(f"1 0 0 -1 0 500 cm {PLAIN}"))["rotated"] == 10
    assert read(pdf_page("1 0 0 -1 0 300 cm BT /F 1 Tf 20 0 0 -20 40 100 Tm (plain) Tj ET"))["text"] == "plain"


OFF = {
    "catalog": "/OCProperties << /OCGs [6 0 R] /D << /OFF [6 0 R] >> >>",
    "resources": "/Properties << /Layer 6 0 R >>",
    "objects": ["<< /Type /OCG /Name (layer) >>"],
}
FORM = {
    "resources": "/XObject << /Form 6 0 R >>",
    "objects": [
        stream(
            text("HIDDEN", before="1 g"),
            "/Type /XObject /Subtype /Form /BBox [0 0 400 300] /Resources << /Font << /F 4 0 R >> >>",
        )
    ],
}
HIDDEN = {
    "in no mode that paints": (text("HIDDEN", before="3 Tr"), {}),
    "for clipping only": (text("HIDDEN", before="7 Tr"), {}),
    "in white": (text("HIDDEN", before="1 g"), {}),
    "in what is nearly white": (text("HIDDEN", before="0.98 g"), {}),
    "black on black": (BAR + text("HIDDEN"), {}),
    "under a bar": (text("HIDDEN") + BAR, {}),
    "under a bar that leaves the feet of round letters": (text("SOCCOS") + "q 35 200 300 30 re f Q\n", {}),
    "under a bar over half of it": (text("HIDDEN") + "q 75 195 100 30 re f Q\n", {}),
    "under a bar over a letter": (text("HIDDEN") + "q 61 195 14 30 re f Q\n", {}),
    "outside the clip": ("q 0 0 400 100 re W n " + text("HIDDEN") + "Q", {}),
    "outside the page": (text("HIDDEN", x=390), {}),
    "in a layer that is off": (f"/OC /Layer BDC {text('HIDDEN')} EMC", OFF),
    "half a point high": (text("HIDDEN", size=0.5), {}),
    "too small to be read": (text("HIDDEN", size=2), {}),
    "transparent": (f"/None gs {text('HIDDEN')}", {"resources": "/ExtGState << /None << /ca 0 >> >>"}),
    "white on a ruled line": (text("HIDDEN", before="1 g") + "q 35 207 300 1 re f Q\n", {}),
    "no mode, a bar behind it": (BAR + text("HIDDEN", before="3 Tr"), {}),
    "white, in a form": ("/Form Do", FORM),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_words_that_the_page_does_not_show_are_left_out_and_counted(how: str) -> None:
    content, entries = HIDDEN[how]
    page = read(pdf_page(PLAIN + content, **entries))
    assert (page["text"], page["hidden"]) == ("plain words", 6)


SHOWN = {
    "white on black": BAR + text("shown.", before="1 g"),
    "grey": text("shown.", before="0.8 g"),
    "outlined": text("shown.", before="1 Tr"),
    "on a tint": "q 0.9 g 0 150 400 80 re f Q\n" + text("shown."),
    "beside a bar": text("shown.") + "q 0 g 105 195 30 30 re f Q\n",
    "underlined": text("shown.") + "q 40 198 60 1 re f Q\n",
    "crossed out": text("shown.") + "q 40 205 60 1 re f Q\n",
    "small": text("shown.", size=6),
}


@pytest.mark.parametrize("how", SHOWN)
def test_words_that_the_page_shows_stay(how: str) -> None:
    page = read(pdf_page(PLAIN + SHOWN[how]))
    assert (page["text"], page["hidden"]) == ("plain words\nshown.", 0)


def test_the_layer_of_a_scan_stays_where_the_scan_has_ink() -> None:
    image, resources = scan_of("scanned words")
    layer = text("scanned words", before="3 Tr") + text("elsewhere", y=100, before="3 Tr")
    for content in (SCAN + layer, layer + SCAN, text("scanned words") + text("elsewhere", y=100) + SCAN):
        page = read(pdf_page(content, resources=resources, objects=[image]))
        assert (page["text"], page["hidden"]) == ("scanned words", 9)


@pytest.mark.parametrize(
    ("letters", "word"),
    [
        (text("caf") + text("e", x=66.7) + text("\\264", x=68), "café"),
        (text("caf") + text("\\264", x=68) + text("e", x=66.7), "café"),
        (text("\\250", x=42) + text("Ubung", x=40), "Übung"),
        (text("gar") + text("c", x=68) + text("\\270", x=70) + text("on", x=78), "garçon"),
        (text("a ~ b"), "a ~ b"),
        (text("x^2"), "x^2"),
    ],
)
def test_an_accent_that_is_drawn_over_a_letter_is_part_of_it(letters: str, word: str) -> None:
    assert read(pdf_page(letters))["text"] == word


def test_a_form_that_was_filled_in_is_drawn_for_those_who_look() -> None:
    entries = "/Type /XObject /Subtype /Form /BBox [0 0 200 30] /Resources << /Font << /F 4 0 R >> >>"
    filled = pdf_page(
        PLAIN,
        catalog="/AcroForm << /Fields [6 0 R] >>",
        page="/Annots [6 0 R 8 0 R]",
        objects=[
            "<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /F 4 /Rect [40 180 240 210] /AP << /N 7 0 R >> >>",
            stream(text("JANE", x=2, y=8), entries),
            "<< /Type /Annot /Subtype /Stamp /F 4 /Rect [40 80 240 110] /AP << /N 7 0 R >> >>",
        ],
    )
    for forms, dark in ((False, 0), (True, 2)):
        _, (png,) = render_pages(filled, first=0, last=1, dpi=72, forms=forms)
        page_HW = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
        assert sum((page_HW[top : top + 30, 40:240] < 128).any() for top in (90, 190)) == dark
