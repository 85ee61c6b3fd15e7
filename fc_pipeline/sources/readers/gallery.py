"""Narrated Python scripts of a Sphinx gallery: a docstring and comment blocks in reStructuredText between code."""

import ast
import re
from collections.abc import Iterator
from itertools import takewhile

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.blocks import fence, join
from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.readers.rst import to_text
from fc_pipeline.sources.schema import FileSpec

_BLOCK_START = re.compile(r"^(?=#{20,}|# ?%%)", re.MULTILINE)
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
    yield Item("", join([to_text(narration), *_cells("\n".join(source.split("\n")[first:]))]), {})


def _cells(source: str) -> Iterator[str]:
    """Code, and the comment block that follows each block marker, in order."""
    for number, block in enumerate(_BLOCK_START.split(source)):
        lines = block.split("\n")
        if number:
            marker = lines.pop(0).removeprefix("# %%").removeprefix("#%%").strip("# ")
            comments = list(takewhile(lambda line: line.startswith("#"), lines))
            lines = lines[len(comments) :]
            yield to_text("\n".join([marker, *(line[1:].removeprefix(" ") for line in comments)]))
        code = "\n".join(line for line in lines if not _NOISE.match(line)).strip("\n")
        if code.strip():
            yield fence(code, "python")
