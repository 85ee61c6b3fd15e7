"""Jupyter notebooks: the prose and the code, without outputs, as Markdown."""

from collections.abc import Iterator

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.blocks import fence, join
from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.readers.markdown import to_text
from fc_pipeline.sources.readers.strict_json import parse_json
from fc_pipeline.sources.schema import FileSpec


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document a notebook (nbformat 4). Raises BadInput for anything else."""
    try:
        notebook = parse_json(decode(data), strict=False)
        language = notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        cells = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput("invalid_notebook", repr(error)) from error
    parts = []
    for kind, source in cells:
        if kind == "markdown":
            parts.append(to_text(source))
        elif kind == "code" and source.strip():
            parts.append(fence(source, language))
    yield Item("", join(parts), {"cells": len(cells)})
