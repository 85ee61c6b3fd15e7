"""Markdown for Dagster's pages: escaped text of documents, embedded pictures. Tables are in formatting.py."""

import base64
import re
from typing import Any

_CELL_CHARACTERS = 160
PICTURE_SOURCE = "](data:image/"
"""Stands in Markdown with an embedded picture."""


def code(value: Any) -> str:
    """A document's text or name as inline code, so that it cannot act as markup."""
    text = " ".join(str(value).replace("`", "'").split())
    return f"`{text}`"


def shortened(value: Any, limit: int = _CELL_CHARACTERS) -> str:
    text = str(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


def plain(value: Any) -> str:
    """A document's text or name for the cell of a table, shortened; it can be no link, no picture and no border."""
    return re.sub(r"([\\\[])", r"\\\1", shortened(value))


def png_source(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"


def embedded(title: str, picture: bytes) -> str:
    """A PNG embedded in Markdown. The title must not come from a document."""
    return f"![{title}]({png_source(picture)})"
