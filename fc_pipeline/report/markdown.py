"""Markdown that Dagster's pages show: a document's own words, pictures inside the text. Tables: formatting.py."""

import base64
from typing import Any

_CELL_CHARACTERS = 160


def code(value: Any) -> str:
    """A document's text or name within a line, where it can be nothing else."""
    text = " ".join(str(value).replace("`", "'").split())
    return f"`{text}`"


def shortened(value: Any, limit: int = _CELL_CHARACTERS) -> str:
    """As text, without what is beyond the limit."""
    text = str(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


def png_source(picture: bytes) -> str:
    """The address of a picture that holds the picture."""
    return f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"


def embedded(title: str, picture: bytes) -> str:
    """A PNG as a part of the text. The title is ours, never a document's."""
    return f"![{title}]({png_source(picture)})"
