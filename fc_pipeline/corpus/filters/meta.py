"""The strings in a document's `meta`: what may hold a secret or a name as well as the text does."""

from collections.abc import Callable, Iterator
from typing import Any


def meta_texts(value: Any) -> Iterator[str]:
    """Every string value in lists and objects of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for element in value.values() if isinstance(value, dict) else value:
            yield from meta_texts(element)


def map_meta(value: Any, change: Callable[[str], str]) -> Any:
    """A copy in which every string value is changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: map_meta(element, change) for name, element in value.items()}
    return [map_meta(element, change) for element in value] if isinstance(value, list) else value
