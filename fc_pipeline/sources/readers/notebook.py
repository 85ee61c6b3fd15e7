"""Jupyter notebooks: the prose and the code, without outputs, as Markdown."""

from collections.abc import Iterator
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers import rst
from fc_pipeline.sources.readers.blocks import fence, join
from fc_pipeline.sources.readers.html_words import html_to_text
from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.readers.markdown import to_text
from fc_pipeline.sources.readers.strict_json import parse_json
from fc_pipeline.sources.schema import FileSpec


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document a notebook (nbformat 4). Raises BadInput for anything else."""
    try:
        notebook = parse_json(decode(data), strict=False)
        language = _language(notebook.get("metadata") or {})
        cells = [(_kind(cell), "".join(cell["source"])) for cell in notebook["cells"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput("invalid_notebook", repr(error)) from error
    parts = []
    for kind, source in cells:
        if kind in _TO_TEXT:
            parts.append(_TO_TEXT[kind](source))
        elif kind == "code" and source.strip():
            parts.append(fence(source, language))
    yield Item("", join(parts), {"cells": len(cells)})


def _language(metadata: dict[str, Any]) -> str:
    """nbformat 4: `language_info.name`, which the kernel writes; older files have it in `kernelspec` only."""
    stated = (metadata.get("language_info") or {}).get("name"), (metadata.get("kernelspec") or {}).get("language")
    return next((language for language in stated if isinstance(language, str) and language.strip()), "python")


def _kind(cell: dict[str, Any]) -> str:
    """The type of a cell; that of a raw one is the format that it says it is in. One without is for converters."""
    kind: str = cell["cell_type"]
    metadata = cell.get("metadata") or {}
    return str(metadata.get("raw_mimetype") or metadata.get("format")) if kind == "raw" else kind


_TO_TEXT = {
    "markdown": to_text,
    "text/markdown": to_text,
    "text/html": html_to_text,
    "text/restructuredtext": rst.to_text,
    "text/x-rst": rst.to_text,
}
"""The cells of prose."""
