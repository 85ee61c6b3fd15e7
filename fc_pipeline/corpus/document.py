"""A document as it goes through the cleaning steps."""

from typing import Any, TypedDict


class Document(TypedDict):
    """`id` is unique within the corpus; `meta` is free."""

    id: str
    text: str
    source: str
    domain: str
    licence: str
    meta: dict[str, Any]
