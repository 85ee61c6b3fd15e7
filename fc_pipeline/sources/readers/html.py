"""Web pages: the main content as Markdown-like text, with resiliparse. Read in a child process (ISOLATED)."""

import html
import re
from collections.abc import Iterator
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.blocks import fence, join
from fc_pipeline.sources.readers.item import Item
from fc_pipeline.sources.schema import FileSpec

_CHARSET = re.compile(rb"""<meta[^>]{1,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_HEAD_BYTES = 4096
_TAG = re.compile(r"<(/?(?:h[1-6]|p|li|pre|ul|ol)|br)\s*/?>")
_NUMBER = re.compile(r"\d+\. $")
_BULLET = "- "
_FRAME = "nav, header, footer, aside, menu, [role=navigation]"
_MAX_LINKED = 0.5
"""A list of which more than this part of the text is links leads elsewhere: it is no content."""


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document a page, its title in meta. Raises BadInput when the page is of no known encoding."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    tree = HTMLTree.parse(_decoded(data))
    _keep_bullets(tree)
    marked = extract_plain_text(tree, preserve_formatting="minimal_html", main_content=True, alt_texts=False)
    title = " ".join((tree.title or "").split())
    yield Item("", join(_blocks(marked)), {"title": title} if title else {})


def _decoded(data: bytes) -> str:
    """UTF-8, else the encoding that the page states, else the one that its bytes look like."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    from resiliparse.parse.encoding import detect_encoding

    stated = _CHARSET.search(data[:_HEAD_BYTES])
    encoding = stated[1].decode("ascii") if stated else detect_encoding(data)
    if not encoding or encoding.lower().replace("_", "-") in {"utf-8", "utf8"}:
        raise BadInput("invalid_utf8", "neither UTF-8 nor of an encoding that it states")
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise BadInput("invalid_encoding", f"{encoding}: {error}") from error


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
