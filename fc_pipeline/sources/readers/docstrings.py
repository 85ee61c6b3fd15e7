"""The documentation inside Python modules: for each public class and function its signature and docstring."""

import ast
import inspect
import re
from collections.abc import Iterator

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.schema import FileSpec

_MIN_CHARS = 200
_ROLE = re.compile(r":[\w:+-]+:`[~!]?([^`<]+?)(?:\s*<[^>`]*>)?`")
_MATH_ROLE = re.compile(r":math:`([^`]+)`")
_DOUBLE_BACKTICKS = re.compile(r"``([^`\n]+)``")
_LINK = re.compile(r"`([^`<\n]+?)\s*<[^>`]*>`__?")
_DROPPED_LINE = re.compile(
    r"^[ \t]*(?:%\(\w+\)s|\.\. (?:versionadded|versionchanged|deprecated|_[\w -]+|index|plot|only)\b.*)\n", re.MULTILINE
)

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document for the module's own docstring and one for each public definition at its top level."""
    try:
        tree = ast.parse(decode(data))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise BadInput("invalid_python", str(error)) from error
    overview = clean(ast.get_docstring(tree) or "")
    if len(overview) >= _MIN_CHARS:
        yield Item("module", overview, {})
    seen: set[str] = set()
    for node in tree.body:
        if isinstance(node, _Definition) and not node.name.startswith("_") and node.name not in seen:
            text = "\n\n".join(_described(node, node.name))
            if len(text) >= _MIN_CHARS:
                seen.add(node.name)
                yield Item(node.name, text, {})


def clean(docstring: str) -> str:
    """Drops the markup of a docstring and keeps its layout (numpydoc's sections are text)."""
    text = _MATH_ROLE.sub(r"$\1$", _DROPPED_LINE.sub("", inspect.cleandoc(docstring)))
    text = _DOUBLE_BACKTICKS.sub(r"`\1`", _LINK.sub(r"\1", _ROLE.sub(r"\1", text)))
    return text.strip()


def _described(node: _Definition, name: str) -> Iterator[str]:
    docstring = ast.get_docstring(node, clean=False)
    if docstring:
        yield f"{_signature(node, name)}\n\n{clean(docstring)}"
    if isinstance(node, ast.ClassDef):
        for child in node.body:
            if isinstance(child, _Definition) and not child.name.startswith("_"):
                yield from _described(child, f"{name}.{child.name}")


def _signature(node: _Definition, name: str) -> str:
    if isinstance(node, ast.ClassDef):
        return f"class {name}"
    return f"{name}({ast.unparse(node.args)})"
