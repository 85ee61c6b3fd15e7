"""The track that a page of the documentation shows."""

import re
from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).resolve().parents[2] / "docs"


def attributes(page: str) -> dict[str, Any]:
    """The attributes of a page's first example."""
    text = re.search(r"```yaml\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    assert text is not None
    read: dict[str, Any] = yaml.safe_load(text[1])["attributes"]
    return read
