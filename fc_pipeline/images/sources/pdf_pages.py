"""Pages of a PDF as images with the words of their text layer, by PDFium. Run in a child process (isolated.py)."""

import io
import math
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.sources.pdf_text import page_text

MAX_PAGE_PIXELS = 20_000_000
_POINTS_PER_INCH = 72


def count_pages(data: bytes) -> tuple[int, list[bytes]]:
    """Raises BadInput when PDFium cannot open it (broken, or locked with a password)."""
    return len(_opened(data)), []


def render_pages(data: bytes, *, first: int, last: int, dpi: int) -> tuple[Any, list[bytes]]:
    """Pages `first` (from 0) to `last` (exclusive): for each of them `{text, words, lines, ...}` of
    `pdf_text.page_text` with its image, or `{refused: [reason, detail]}` without one.

    Raises:
        BadInput: PDFium cannot open the file.
    """
    import pypdfium2

    document = _opened(data)
    answers: list[Any] = []
    images: list[bytes] = []
    for number in range(first, min(last, len(document))):
        try:
            page = document[number]
            _refuse_size(*page.get_size(), dpi=dpi)
            image = page.render(scale=dpi / _POINTS_PER_INCH, draw_annots=False).to_pil().convert("RGB")
            answers.append(page_text(page, width=image.width, height=image.height))
            stream = io.BytesIO()
            image.save(stream, format="PNG")
            images.append(stream.getvalue())
        except BadInput as error:
            answers.append({"refused": [error.reason, error.detail]})
        except pypdfium2.PdfiumError as error:
            answers.append({"refused": ["invalid_pdf", str(error)]})
    return answers, images


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
