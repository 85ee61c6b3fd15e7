"""Narrated Python scripts of a Sphinx gallery: a docstring and comment blocks in reStructuredText between code."""

import ast
import re
from collections.abc import Iterator

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.blocks import fence, join
from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.readers.rst import to_text
from fc_pipeline.sources.schema import FileSpec

_BLOCK_START = re.compile(r"^(?:#{20,}|# ?%%).*$")
_NOISE = re.compile(r"^# (?:Authors?:|SPDX-License|License:|sphinx_gallery_).*$")


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document a script. Raises BadInput when it is not Python."""
    source = decode(data)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise BadInput("invalid_python", str(error)) from error
    narration = ast.get_docstring(tree) or ""
    first = tree.body[0].end_lineno or 0 if narration else 0
    yield Item("", join([to_text(narration), *_cells(source.split("\n")[first:])]), {})


def _cells(lines: list[str]) -> Iterator[str]:
    """Code, and the comment block that follows each block marker, in order."""
    code: list[str] = []
    position = 0
    while position < len(lines):
        if _BLOCK_START.match(lines[position]):
            yield from _code(code)
            code = []
            words = [lines[position].removeprefix("# %%").removeprefix("#%%").strip("# ")]
            position += 1
            while position < len(lines) and lines[position].startswith("#") and not _BLOCK_START.match(lines[position]):
                words.append(lines[position][1:].removeprefix(" "))
                position += 1
            yield to_text("\n".join(words))
            continue
        if not _NOISE.match(lines[position]):
            code.append(lines[position])
        position += 1
    yield from _code(code)


def _code(lines: list[str]) -> Iterator[str]:
    text = "\n".join(lines).strip("\n")
    if text.strip():
        yield fence(text, "python")
