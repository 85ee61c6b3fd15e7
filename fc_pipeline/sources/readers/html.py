"""Web pages: the main content as Markdown-like text, with resiliparse. Read in a child process (ISOLATED)."""

import codecs
import html
import re
from collections.abc import Iterator
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.blocks import fence, formula, join, script
from fc_pipeline.sources.readers.html_words import SCRIPTS, html_to_text, tex
from fc_pipeline.sources.readers.item import Item
from fc_pipeline.sources.schema import FileSpec

_CHARSET = re.compile(
    rb"""(?:<meta[^>]{1,200}?charset|<\?xml[^>]{1,100}?encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE
)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_HEAD_BYTES = 4096
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CODECS = {
    "big5": "big5hkscs", "euc_kr": "cp949", "gbk": "gb18030", "iso8859-11": "cp874", "shift_jis": "cp932",
    "utf-16-be": "utf-8", "utf-16-le": "utf-8",
}  # fmt: skip
"""Python's codec where the one that resiliparse names knows fewer characters than the web's encoding (WHATWG).

A page whose label can be read as ASCII is not UTF-16, whatever the label says.
"""
_UNKNOWN_TO_RESILIPARSE = {
    "hz-gb-2312": "hz", "iso-2022-kr": "iso2022_kr", "x-mac-cyrillic": "mac_cyrillic", "x-user-defined": "cp1252",
}  # fmt: skip
_SEVEN_BIT = {"hz", "iso2022_jp", "iso2022_kr"}
"""Their bytes are valid UTF-8 of another meaning."""
_TAG = re.compile(r"<(/?(?:h[1-6]|p|li|pre|ul|ol)|br)\s*/?>")
_NUMBER = re.compile(r"\d+\. $")
_BULLET = "- "
_FORMULAS = ".katex-display, .katex, .mwe-math-element, mjx-container, math"
_DRAWN_FORMULAS = ".MathJax, .MathJax_Display, .MathJax_Preview, .MathJax_SVG, .MathJax_CHTML"
"""What MathJax 2 draws before the <script> that holds the source."""
_PICTURED_FORMULAS = "img.tex, img.latex, img.math"
_DROPPED_OR_GLUED = {"figure": "div", "figcaption": "p", "summary": "p", "legend": "p", "time": "span"}
"""Elements with words that resiliparse leaves out or joins to what stands beside them: by which they are replaced."""
_FRAME = "nav, header, footer, aside, menu, [role=navigation]"
_MAX_LINKED = 0.5
"""A list of which more than this part of the text is links leads elsewhere: it is no content."""


def read(data: bytes, spec: FileSpec, *, replace: bool = False) -> Iterator[Item]:
    """One document a page, its title in meta.

    Args:
        replace: U+FFFD stands for what cannot be decoded, counted in meta as `replaced`.

    Raises:
        BadInput: the page is of no known encoding, or not of the one that it states.
    """
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    page, replaced = _decoded(data, replace=replace)
    tree = HTMLTree.parse(page)
    _keep_formulas(tree)
    _keep_figures(tree)
    _keep_bullets(tree)
    marked = extract_plain_text(tree, preserve_formatting="minimal_html", main_content=True, alt_texts=False)
    title = " ".join((tree.title or "").split())
    meta = {**({"title": title} if title else {}), **({"replaced": replaced} if replaced else {})}
    yield Item("", join(_blocks(marked)), meta)


def _decoded(data: bytes, *, replace: bool) -> tuple[str, int]:
    """The page, and how many U+FFFD stand for what cannot be decoded."""
    encoding, data = _encoding(data)
    try:
        return data.decode(encoding, "c1" if encoding == "cp1252" else "strict"), 0
    except UnicodeDecodeError as error:
        if not replace:
            reason = "invalid_utf8" if encoding == "utf-8" else "invalid_encoding"
            raise BadInput(reason, f"{encoding}: byte {error.start}: {error.reason}") from error
    page = data.decode(encoding, "replace")
    in_source = data.count("\ufffd".encode()) if encoding == "utf-8" else 0  # other encodings have no such character
    return page, page.count("\ufffd") - in_source


def _encoding(data: bytes) -> tuple[str, bytes]:
    """Python's name of the encoding, and the bytes behind a byte order mark.

    As browsers do (WHATWG, Encoding Standard): by the mark, else by the label as the web means it (latin-1 is
    windows-1252), else as the bytes look. Unlike them, valid UTF-8 is UTF-8, for no other text looks like it by chance.
    """
    from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, data[len(mark) :]
    for encoding, zeros in (("utf-16-le", data[1:64:2]), ("utf-16-be", data[:64:2])):
        if zeros.count(0) > len(zeros) // 2:
            return encoding, data
    stated = _CHARSET.search(_COMMENT.sub(b"", data[:_HEAD_BYTES]))
    label = stated[1].decode("ascii").lower() if stated else ""
    known = _UNKNOWN_TO_RESILIPARSE.get(label) or map_encoding_to_html5(label, fallback_utf8=False)
    if known in _SEVEN_BIT or (not stated and data.isascii() and b"\x1b$" in data):
        return known or "iso2022_jp", data
    try:
        data.decode()
    except UnicodeDecodeError:
        if stated and not known:
            raise BadInput("invalid_encoding", f"{label} is no encoding of the web") from None
        known = known or detect_encoding(data) or "utf-8"
        return _CODECS.get(known, known), data
    return "utf-8", data


def _c1(error: UnicodeError) -> tuple[str, int]:
    """The bytes that windows-1252 leaves free are controls on the web."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("c1", _c1)


def _keep_formulas(tree: Any) -> None:
    """Makes text of what the extraction drops, doubles or glues: formulas, exponents and indices."""

    def put(node: Any, text: str) -> None:
        node.replace_with(tree.create_text_node(text))

    document = tree.document
    sources = list(document.query_selector_all('script[type^="math/tex"]'))
    if sources:
        for drawn in list(document.query_selector_all(_DRAWN_FORMULAS)):
            drawn.remove()
    for source in sources:
        put(source, formula(source.text, display="mode=display" in source.getattr("type")))
    for holder in list(document.query_selector_all(_FORMULAS)):
        math = holder if holder.tag == "math" else holder.query_selector("math")
        if math is not None:
            put(holder, html_to_text(math.outer_html))
    for picture in list(document.query_selector_all(_PICTURED_FORMULAS)):
        put(picture, formula(tex(picture.getattr("alt") or "")))
    for node in reversed(list(document.query_selector_all("sup, sub"))):  # the inner ones first
        put(node, script(node.text, SCRIPTS[node.tag]))


def _keep_figures(tree: Any) -> None:
    """Makes elements that stay of figures, with the code and tables in them, and of their captions."""
    for node in list(tree.document.query_selector_all(", ".join(_DROPPED_OR_GLUED))):
        kept = tree.create_element(_DROPPED_OR_GLUED[node.tag])
        for child in list(node.child_nodes):
            kept.append_child(child)
        node.replace_with(kept)


def _keep_bullets(tree: Any) -> None:
    """Makes numbered lists of bulleted ones, marked as such: resiliparse takes every bulleted list for navigation."""
    for bulleted in tree.document.query_selector_all("ul"):
        if bulleted.closest(_FRAME) is not None or _is_linked(bulleted):
            continue
        numbered = tree.create_element("ol")
        for child in list(bulleted.child_nodes):
            if child.tag == "li":
                child.prepend(tree.create_text_node(_BULLET))
            numbered.append_child(child)
        bulleted.replace_with(numbered)


def _is_linked(bulleted: Any) -> bool:
    """True when links make up most of its text. Long lists of links are decided by their first ones."""
    left = _MAX_LINKED * len(bulleted.text)
    for link in bulleted.query_selector_all("a"):
        left -= len(link.text)
        if left < 0:
            return True
    return False


def _blocks(marked: str) -> Iterator[str]:
    """The blocks of the reduced HTML that resiliparse gives: headings, paragraphs, list items, code, bare text."""
    numbers: list[int] = []  # of each open list the number of its last item
    opener = held = ""  # what the next block begins with; its text so far
    for position, piece in enumerate(_TAG.split(marked)):
        if position % 2 == 0 or piece == "br":
            held += "\n" if piece == "br" else piece
            continue
        text = _text(held)
        if piece == "/pre":
            yield fence(html.unescape(held), "")
        elif f"{text} ".startswith(_BULLET):  # alone when a paragraph follows
            opener = _NUMBER.sub(_BULLET, opener)
            text = text[1:].lstrip()
        if text and piece != "/pre":
            yield opener + text
            opener = ""
        held = ""
        if piece in {"ul", "ol"}:
            numbers.append(0)
        elif piece in {"/ul", "/ol"}:
            numbers = numbers[:-1]
        elif piece == "li" and numbers:
            numbers[-1] += 1
            opener = "  " * (len(numbers) - 1) + f"{numbers[-1]}. "
        elif piece.startswith("h"):
            opener = "#" * int(piece[1]) + " "
        elif piece.startswith(("/h", "/l")):
            opener = ""
    yield _text(held)


def _text(marked: str) -> str:
    lines = (line.strip() for line in html.unescape(marked).split("\n"))
    return "\n".join(line for line in lines if line)
