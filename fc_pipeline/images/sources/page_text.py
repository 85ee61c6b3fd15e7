"""What a page of documentation says of its pictures: the text that was written for each, and the text around it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import NamedTuple

MAX_PAGE_BYTES = 4 << 20


class Shown(NamedTuple):
    """A picture as a page shows it. Texts are single lines; "" where there is none."""

    address: str
    """As the page writes it."""
    alt: str
    before: str
    """The paragraph that ends before the picture."""
    after: str


def pictures_of(path: str, text: str) -> list[Shown]:
    """Every picture that the page shows, in order; the page is HTML, or Markdown or reStructuredText by its name."""
    is_html = PurePosixPath(path).suffix in {".html", ".htm"}
    blocks = _html_blocks(text) if is_html else list(_markup_blocks(text))
    pictures = []
    for number, block in enumerate(blocks):
        if isinstance(block, str):
            continue
        source, alt = block
        stem = PurePosixPath(source.split("?")[0]).stem
        is_name = alt == source or PurePosixPath(alt).stem == stem or " " not in alt.strip()
        before = next((each for each in reversed(blocks[:number]) if isinstance(each, str)), "")
        after = next((each for each in blocks[number + 1 :] if isinstance(each, str)), "")
        pictures.append(Shown(source, "" if is_name else _line(alt), before, after))
    return pictures


_HEADING_LINK = "\uf0c1"
"""A sign of an icon font, which Sphinx's themes put after headings."""

Block = str | tuple[str, str]
"""A paragraph, or (address, alt) of a picture."""


class _Blocks(HTMLParser):
    """Paragraphs and pictures below the element with role main, in order; without one, of the whole page."""

    _PARAGRAPHS = frozenset({"p", "li", "h1", "h2", "h3", "h4", "dd", "figcaption", "td"})
    _HIDDEN = frozenset({"script", "style", "nav", "footer"})

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._text: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("role") == "main":
            self.blocks, self._text = [], []
        if tag in self._HIDDEN:
            self._hidden += 1
        elif tag == "img" and values.get("src") and not self._hidden:
            self._end()
            self.blocks.append((values["src"] or "", values.get("alt") or ""))
        elif tag in self._PARAGRAPHS:
            self._end()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in self._PARAGRAPHS:
            self._end()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._text.append(data)

    def _end(self) -> None:
        text = _line("".join(self._text)).removesuffix(_HEADING_LINK).lstrip("#").strip()
        if text:
            self.blocks.append(text)
        self._text = []


def _html_blocks(text: str) -> list[Block]:
    parser = _Blocks()
    parser.feed(text)
    parser.close()
    return parser.blocks


_DIRECTIVE = re.compile(r"\s*(?:`{3,}\{(?:image|figure)\}|\.\. (?:image|figure)::)\s*(\S+)")
_INLINE = re.compile(r"!\[([^\]]*)\]\(\s*<?([^)\s>]+)[^)]*\)")
_OPTION = re.compile(r"\s*:(\w+):\s*(.*)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"[`*_]{1,3}(?=\S)|(?<=\S)[`*_]{1,3}|^#+\s*|^[-*]\s+")


def _markup_blocks(text: str) -> Iterator[Block]:
    """Paragraphs and pictures of Markdown (MyST directives too) and reStructuredText."""
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = paragraph.split("\n")
        directive = next(
            ((number, match) for number, line in enumerate(lines) if (match := _DIRECTIVE.match(line))), None
        )
        if directive is not None:
            number, match = directive
            options = {option[1]: option[2] for line in lines[number + 1 :] if (option := _OPTION.fullmatch(line))}
            yield match[1], options.get("alt", "")
            continue
        for alt, source in _INLINE.findall(paragraph):
            yield source, alt
        rest = _line(_MARKS.sub("", _LINK.sub(r"\1", _INLINE.sub("", paragraph))))
        if rest and not rest.startswith((":", "```", "..", "<", "(")):
            yield rest


def _line(text: str) -> str:
    return " ".join(text.split())
