"""A docutils tree to blocks of Markdown-like text."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fc_pipeline.sources.readers.blocks import fence, join

if TYPE_CHECKING:
    from docutils import nodes

_SILENT = {
    "comment", "decoration", "footnote_reference", "image", "meta", "pending", "raw", "substitution_definition",
    "system_message",
}  # fmt: skip
_PAGE_SETTINGS = {"html_theme", "nocomments", "nosearch", "orphan", "tocdepth"}
_LABEL = re.compile(r"\A(\[\S+\])\n\n")
_MAX_HEADING = 6


def blocks(node: "nodes.Node", depth: int = 0) -> Iterator[str]:
    """Yields the text of every block below `node`; `depth` counts the sections around it."""
    for child in node.children:
        yield from _block(child, depth)


def _block(node: "nodes.Node", depth: int) -> Iterator[str]:
    kind = node.__class__.__name__
    if kind in _SILENT:
        return
    if kind == "section":
        yield from blocks(node, depth + 1)
    elif kind in {"title", "subtitle", "rubric"}:
        # docutils lifts a lone first section to the document's title, so a title outside a section is level 1
        yield "#" * min(max(depth, 1) + (kind != "title"), _MAX_HEADING) + " " + inline(node)
    elif kind in {"literal_block", "doctest_block"}:
        yield fence(node.astext(), _language(node))
    elif kind == "math_block":
        yield f"$$\n{node.astext().strip()}\n$$"
    elif kind in {"bullet_list", "enumerated_list"}:
        yield from _list(node, depth)
    elif kind == "definition_list_item":
        yield from _definition(node, depth)
    elif kind == "label":
        yield f"[{node.astext()}]"
    elif kind in {"citation", "footnote"}:
        yield _LABEL.sub(r"\1 ", join(blocks(node, depth)))
    elif kind == "field":
        name, body = node.children
        if name.astext() in _PAGE_SETTINGS:
            return
        yield f"{inline(name)}: {join(blocks(body, depth))}".rstrip(": ")
    elif kind == "table":
        yield from _table(node)
    elif kind in {"paragraph", "line", "term", "caption", "attribution"}:
        yield inline(node)
    elif kind == "line_block":
        yield "\n".join(block for block in blocks(node, depth) if block)
    elif kind == "option_list_item":
        yield f"{node.children[0].astext()}  {join(blocks(node.children[1], depth))}"
    elif kind == "Text":
        yield node.astext()
    else:
        yield from blocks(node, depth)


def inline(node: "nodes.Node") -> str:
    """The words of a paragraph: code in backticks, formulas in dollars."""
    parts = []
    for child in node.children:
        kind = child.__class__.__name__
        if kind in _SILENT:
            continue
        if kind == "Text":
            parts.append(child.astext())
        elif kind == "literal":
            parts.append(f"`{child.astext()}`")
        elif kind == "math":
            parts.append(f"${child.astext()}$")
        else:
            parts.append(inline(child))
    return "".join(parts).strip("\n") if node.__class__.__name__ != "inline" else "".join(parts)


def _language(node: "nodes.Node") -> str:
    """What a directive of code names; the classes of other blocks are their looks."""
    code, *classes = getattr(node, "attributes", {}).get("classes", []) or [""]
    return classes[0] if code == "code" and classes else "python"


def _list(node: "nodes.Node", depth: int) -> Iterator[str]:
    for number, item in enumerate(node.children, start=1):
        marker = "- " if node.__class__.__name__ == "bullet_list" else f"{number}. "
        text = join(blocks(item, depth))
        if text:
            yield marker + text.replace("\n", "\n" + " " * len(marker))


def _definition(node: "nodes.Node", depth: int) -> Iterator[str]:
    terms = [inline(child) for child in node.children if child.__class__.__name__ in {"term", "classifier"}]
    body = [join(blocks(child, depth)) for child in node.children if child.__class__.__name__ == "definition"]
    yield "\n".join([" : ".join(terms), *("    " + text.replace("\n", "\n    ") for text in body if text)])


def _table(node: "nodes.Node") -> Iterator[str]:
    for part in node.children:
        kind = part.__class__.__name__
        if kind == "title":
            yield inline(part)
        elif kind == "row":
            cells = [" ".join(join(blocks(entry)).split()) for entry in part.children]
            yield "| " + " | ".join(cells) + " |"
        else:
            yield from _table(part)
