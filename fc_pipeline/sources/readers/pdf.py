"""The text of PDF files, with PDFium. Read in a child process (ISOLATED). Scans, which have no text, give none."""

import re
from collections.abc import Iterator

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.item import Item
from fc_pipeline.sources.schema import FileSpec

_MAX_PAGES = 5_000
_HYPHEN = re.compile(r"\x02|[\u00ad\ufffe-]\n")
"""A hyphen at the end of a line: PDFium writes U+0002 for it and no line end."""
_WRAPPED = re.compile(r"(?<=[\w,;)’”])\n(?=[a-z(])")
"""A line that ends inside a sentence: the next begins in lower case."""


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document a file: its pages in order, lines that a page's width broke joined again.

    Raises:
        BadInput: PDFium cannot open it (broken, or locked with a password), or it has too many pages.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        if len(document) > _MAX_PAGES:
            raise BadInput("too_large", f"{len(document)} pages")
        pages = [page.get_textpage().get_text_bounded() for page in document]
    except pypdfium2.PdfiumError as error:
        raise BadInput("invalid_pdf", str(error)) from error
    yield Item("", "\n\n".join(filter(None, map(unwrapped, pages))), {"pages": len(pages)})


def unwrapped(page: str) -> str:
    """Text of a page with the words and sentences joined that its lines cut; a hyphen goes between small letters."""
    text = page.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return _WRAPPED.sub(" ", _HYPHEN.sub(_hyphen, text)).strip()


def _hyphen(match: re.Match[str]) -> str:
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return "" if before.islower() and after.islower() else "-" + match[0][1:]
