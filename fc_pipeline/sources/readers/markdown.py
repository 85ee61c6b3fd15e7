"""Markdown to plain Markdown: whatever has words for the reader stays, addresses of links, images and tags go."""

import html
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import yaml

from fc_pipeline.sources.readers import rst
from fc_pipeline.sources.readers.blocks import fence, join, script
from fc_pipeline.sources.readers.html_words import html_to_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?![ \t]*\n)(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_ROLE = re.compile(r"\{([\w:-]+)\}`~?([^`<]+?)(?:\s*<[^>`]*>)?`")
_DIRECTIVE = re.compile(r"^\{([\w:-]+)\}[ \t]*(.*)$")
_OPTION_LINE = re.compile(r"\A(?::[\w-]+:.*\n|---\n(?:.*\n)*?---\n)+")
_FORMULA = re.compile(r"\$\$.+?\$\$|(?<![\\$])\$(?![\s$])[^$\n]+?(?<!\s)\$(?!\d)", re.DOTALL)
_PRIVATE = re.compile("[\ue000\ue001]")
_HIDDEN = re.compile("\ue000(\\d+)\ue001")
_LANGUAGE_DIRECTIVES = {"code", "code-block", "sourcecode"}
_CODE_DIRECTIVES = {*_LANGUAGE_DIRECTIVES, *rst.CODE_DIRECTIVES}
_MATH = "math"


def to_text(source: str, *, indented_code: str = "") -> str:
    """CommonMark (with tables, and MyST's directives and roles) to text; indented code is of the language given."""
    formulas: list[str] = []

    def hide(match: re.Match[str]) -> str:
        formulas.append(match[0])
        return f"\ue000{len(formulas) - 1}\ue001"

    # CommonMark knows no formulas: it would take the backslashes and underscores of LaTeX for markup.
    hidden = _FORMULA.sub(hide, _without_front_matter(_PRIVATE.sub("", source)))
    text = join(_blocks(_parser().parse(hidden), indented_code))
    return _HIDDEN.sub(lambda match: formulas[int(match[1])], text)


def _without_front_matter(source: str) -> str:
    """The text behind its settings: YAML of names and values between two rules, as pandoc reads it."""
    match = _FRONT_MATTER.match(source)
    if match is None:
        return source
    try:
        settings = yaml.compose(match[1], Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return source
    names = [str(name.value) for name, _ in settings.value] if isinstance(settings, yaml.MappingNode) else []
    return (
        source[match.end() :] if names and not re.search(r"\s", names[0]) else source
    )  # "The rule says: ..." is prose


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
                row.append(" ".join(text.split()))
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
        elif token.type == "html_block":
            text = html_to_text(token.content)
            if text:
                yield (pending or indent) + text
                pending = ""


def _inline(token: "Token") -> str:
    children = token.children or []
    has_tags = any(child.type == "html_inline" for child in children)
    escaped = html.escape if has_tags else str
    parts = []
    for child in children:
        if child.type == "code_inline":
            parts.append(escaped(f"`{child.content}`"))
        elif child.type == "text":
            parts.append(escaped(child.content))
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append("<br>" if has_tags else "\n")
        elif child.type == "html_inline":
            parts.append(child.content)
    text = "".join(parts)
    return _ROLE.sub(_role, html_to_text(text) if has_tags else text).strip()


def _role(match: re.Match[str]) -> str:
    name, words = match.groups()
    if name == _MATH:
        return f"${words}$"
    return script(words, rst.SCRIPT_ROLES[name]) if name in rst.SCRIPT_ROLES else words


def _code(token: "Token") -> Iterator[str]:
    directive = _DIRECTIVE.match(token.info)
    content = token.content
    if directive is None:
        language = token.info.split()[0] if token.info.split() else ""
    elif directive[1] in _CODE_DIRECTIVES:
        named = directive[2].split() if directive[1] in _LANGUAGE_DIRECTIVES else []
        language, content = (named or ["python"])[0], _OPTION_LINE.sub("", content)
    elif directive[1] == _MATH:
        language, content = "latex", _OPTION_LINE.sub("", content)
    elif directive[1] in rst.DROPPED_DIRECTIVES:
        return
    elif directive[1] == "eval-rst":
        yield rst.to_text(content)
        return
    else:  # an admonition or the like: its title and its content are Markdown again
        title = "" if directive[1] in rst.NAMING_DIRECTIVES else directive[2]
        yield to_text(title)
        yield to_text(_OPTION_LINE.sub("", content))
        return
    if content.strip():
        yield fence(content, language)
