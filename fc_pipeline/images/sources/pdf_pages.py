"""Pages of a PDF as images with the words of their text layer, by PDFium. Run in a child process (isolated.py)."""

import io
import math
from typing import Any

import numpy as np
from PIL.Image import Image

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.sources.pdf_ink import PageInk
from fc_pipeline.images.sources.pdf_text import page_text

MAX_PAGE_PIXELS = 20_000_000
_POINTS_PER_INCH = 72
_MIN_SCAN = 0.5
"""Part of a page that its images take when it is a scan."""


def count_pages(data: bytes) -> tuple[int, list[bytes]]:
    """Raises BadInput when PDFium cannot open it (broken, or locked with a password)."""
    return len(_opened(data)), []


def render_pages(data: bytes, *, first: int, last: int, dpi: int, forms: bool = False) -> tuple[Any, list[bytes]]:
    """Pages `first` (from 0) to `last` (exclusive): for each of them `{text, words, lines, ...}` of
    `pdf_text.page_text` with its image, or `{refused: [reason, detail]}` without one.

    With `forms` the pages are as a viewer shows them: what was filled in and stamped is drawn, and there is no text,
    since the text layer does not have it.

    Raises:
        BadInput: PDFium cannot open the file.
    """
    import pypdfium2

    document = _opened(data)
    if forms:
        document.init_forms()
    answers: list[Any] = []
    images: list[bytes] = []
    for number in range(first, min(last, len(document))):
        try:
            page = document[number]
            _refuse_size(*page.get_size(), dpi=dpi)
            image = _drawn(page, dpi=dpi, forms=forms)
            answers.append({} if forms else page_text(page, _ink(document[number], image, dpi=dpi), size=image.size))
            stream = io.BytesIO()
            image.save(stream, format="PNG")
            images.append(stream.getvalue())
        except BadInput as error:
            answers.append({"refused": [error.reason, error.detail]})
        except pypdfium2.PdfiumError as error:
            answers.append({"refused": ["invalid_pdf", str(error)]})
    return answers, images


def _drawn(page: Any, *, dpi: int, forms: bool = False) -> Image:
    drawn = page.render(scale=dpi / _POINTS_PER_INCH, draw_annots=forms, may_draw_forms=forms)
    image: Image = drawn.to_pil().convert("RGB")
    return image


def _ink(page: Any, image: Image, *, dpi: int) -> PageInk:
    """Of a page that is drawn as `image`; its text is taken out, so that it is no longer good for anything else."""
    import pypdfium2.raw as pdfium

    area = 0.0
    for part in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_IMAGE]):
        if part.type == pdfium.FPDF_PAGEOBJ_TEXT:
            pdfium.FPDFPageObj_SetIsActive(part, False)
        else:
            left, bottom, right, top = part.get_bounds()
            area += (right - left) * (top - bottom)
    without_text = _drawn(page, dpi=dpi)
    is_scan = area >= _MIN_SCAN * math.prod(page.get_size())
    return PageInk(np.asarray(image), np.asarray(without_text), is_scan=is_scan)


def _refuse_size(width: float, height: float, *, dpi: int) -> None:
    scale = dpi / _POINTS_PER_INCH
    if not (math.isfinite(width * height) and min(width, height) * scale >= 1):
        raise BadInput("invalid_pdf", f"a page of {width:g} by {height:g} points")
    if width * height * scale**2 > MAX_PAGE_PIXELS:
        raise BadInput("too_large", f"a page of {width:g} by {height:g} points has too many pixels at {dpi} dpi")


def _opened(data: bytes) -> Any:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise BadInput("invalid_pdf", str(error)) from error
