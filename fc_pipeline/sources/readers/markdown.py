"""Markdown to plain Markdown: prose, headings, lists, tables and code stay; links, images and HTML go."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from fc_pipeline.sources.readers.blocks import fence, join

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_ROLE = re.compile(r"\{[\w:-]+\}`~?([^`<]+?)(?:\s*<[^>`]*>)?`")
_DIRECTIVE = re.compile(r"^\{([\w:-]+)\}.*$")
_OPTION_LINE = re.compile(r"\A(?::[\w-]+:.*\n|---\n(?:.*\n)*?---\n)+")
_FORMULA = re.compile(r"\$\$.+?\$\$|(?<![\\$])\$(?![\s$])[^$\n]+?(?<!\s)\$(?!\d)", re.DOTALL)
_PRIVATE = re.compile("[\ue000\ue001]")
_HIDDEN = re.compile("\ue000(\\d+)\ue001")
_CODE_DIRECTIVES = {"code", "code-block", "code-cell", "ipython", "ipython3", "sourcecode", "testcode", "doctest"}
_MATH = "math"


def to_text(source: str, *, indented_code: str = "") -> str:
    """CommonMark (with tables, and MyST's directives and roles) to text; indented code is of the language given."""
    formulas: list[str] = []

    def hide(match: re.Match[str]) -> str:
        formulas.append(match[0])
        return f"\ue000{len(formulas) - 1}\ue001"

    # CommonMark knows no formulas: it would take the backslashes and underscores of LaTeX for markup.
    hidden = _FORMULA.sub(hide, _FRONT_MATTER.sub("", _PRIVATE.sub("", source)))
    text = join(_blocks(_parser().parse(hidden), indented_code))
    return _HIDDEN.sub(lambda match: formulas[int(match[1])], text)


@lru_cache(maxsize=1)
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def _blocks(tokens: "list[Token]", indented_code: str) -> Iterator[str]:
    """Yields the text of each block; list items carry their marker and depth."""
    markers: list[str] = []
    pending = ""
    row: list[str] = []
    for position, token in enumerate(tokens):
        indent = "  " * max(0, len(markers) - 1)
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            markers.append("- " if token.type == "bullet_list_open" else "1. ")
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            markers.pop()
        elif token.type == "list_item_open":
            pending = indent + (f"{token.info}. " if token.info else markers[-1])
        elif token.type == "inline":
            text = _inline(token)
            opened_by = tokens[position - 1]
            if opened_by.type in {"th_open", "td_open"}:
                row.append(text)
            elif text:
                heading = "#" * int(opened_by.tag[1]) + " " if opened_by.type == "heading_open" else ""
                yield (pending or indent) + heading + text
                pending = ""
        elif token.type == "tr_close":
            yield "| " + " | ".join(row) + " |"
            row = []
        elif token.type == "code_block":
            if token.content.strip():
                yield fence(token.content, indented_code)
        elif token.type == "fence":
            yield from _code(token)


def _inline(token: "Token") -> str:
    parts = []
    for child in token.children or []:
        if child.type == "code_inline":
            parts.append(f"`{child.content}`")
        elif child.type == "text":
            parts.append(child.content)
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
    return _ROLE.sub(r"\1", "".join(parts)).strip()


def _code(token: "Token") -> Iterator[str]:
    directive = _DIRECTIVE.match(token.info)
    content = token.content
    if directive is None:
        language = token.info.split()[0] if token.info.split() else ""
    elif directive[1] in _CODE_DIRECTIVES:
        language, content = "python", _OPTION_LINE.sub("", content)
    elif directive[1] == _MATH:
        language, content = "latex", _OPTION_LINE.sub("", content)
    else:  # an admonition or the like: its content is Markdown again
        text = to_text(_OPTION_LINE.sub("", content))
        if text:
            yield text
        return
    if content.strip():
        yield fence(content, language)
