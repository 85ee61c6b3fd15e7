"""A PDF of one page, written by hand, so that a test says how its text is drawn, shown or hidden."""

from collections.abc import Sequence

WIDTH, HEIGHT = 400, 300
"""Points of the page."""


def pdf_page(
    content: str,
    *,
    rotate: int = 0,
    page: str = "",
    resources: str = "",
    catalog: str = "",
    objects: Sequence[str] = (),
) -> bytes:
    """A page with the font /F (Helvetica) and this content stream.

    `page`, `resources` and `catalog` are further entries of those dictionaries; `objects` have numbers from 6 on.
    """
    written = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Rotate {rotate} /Contents 5 0 R {page} "
        f"/Resources << /Font << /F 4 0 R >> {resources} >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        stream(content),
        *objects,
    ]
    data, places = b"%PDF-1.7\n", []
    for number, each in enumerate(written, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{each}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    count = len(written) + 1
    trailer = f"trailer << /Size {count} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF"
    return data + f"xref\n0 {count}\n0000000000 65535 f \n{table}{trailer}".encode()


def stream(content: str, entries: str = "") -> str:
    """An object that is a stream, with further entries of its dictionary."""
    return f"<< /Length {len(content.encode('latin-1'))} {entries} >>\nstream\n{content}\nendstream"


def text(words: str, *, x: float = 40, y: float = 200, size: float = 20, before: str = "") -> str:
    """Operators that draw words from (x, y); `before` sets their colour or mode."""
    return f"q BT {before} /F {size} Tf {x} {y} Td ({words}) Tj ET Q\n"
