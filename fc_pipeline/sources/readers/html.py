"""Web pages: the main content as Markdown-like text, with resiliparse. Read in a child process (ISOLATED)."""

import html
import re
from collections.abc import Iterator

from fc_pipeline.sources.readers.blocks import fence, join
from fc_pipeline.sources.readers.item import BadInput, Item
from fc_pipeline.sources.schema import FileSpec

_CHARSET = re.compile(rb"""<meta[^>]{1,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_HEAD_BYTES = 4096
_BLOCK = re.compile(r"<(h[1-6]|p|li|pre)>(.*?)</\1>|<(/?[uo]l)>", re.DOTALL)
_TAG = re.compile(r"</?(?:h[1-6]|p|li|pre|ul|ol|br)\s*/?>")


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document a page, its title in meta. Raises BadInput when the page is of no known encoding."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    tree = HTMLTree.parse(_decoded(data))
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


def _blocks(marked: str) -> Iterator[str]:
    """The blocks of the reduced HTML that resiliparse gives: headings, paragraphs, list items, code, bare text."""
    lists: list[int | None] = []  # of each open list the number of its last item; None for bullets
    position = 0
    for match in _BLOCK.finditer(marked):
        yield _text(marked[position : match.start()])
        position = match.end()
        if match[3]:
            if match[3].startswith("/"):
                lists = lists[:-1]
            else:
                lists.append(0 if match[3] == "ol" else None)
        elif match[1] == "pre":
            yield fence(html.unescape(match[2]), "")
        elif match[1] == "li":
            indent = "  " * max(0, len(lists) - 1)
            if lists and lists[-1] is not None:
                lists[-1] += 1
            yield f"{indent}{f'{lists[-1]}.' if lists and lists[-1] else '-'} {_text(match[2])}"
        else:
            heading = "#" * int(match[1][1]) + " " if match[1] != "p" else ""
            text = _text(match[2])
            yield heading + text if text else ""
    yield _text(marked[position:])


def _text(marked: str) -> str:
    lines = (line.strip() for line in html.unescape(_TAG.sub("\n", marked)).split("\n"))
    return "\n".join(line for line in lines if line)
