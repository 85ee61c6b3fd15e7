"""What all filters share: on which domains they act, what they answer, and how they say what they changed."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import Field

from fc_model.config.strict import Strict
from fc_pipeline.corpus.document import Document
from fc_pipeline.sources.schema import Domain

_CONTEXT_CHARS = 48

Verdict = str | None
"""Why the document is dropped (letters, digits, `_`), or None to keep it."""

PROSE: list[Domain] = ["science", "data", "chat"]
PAGES: list[Domain] = ["science", "data"]
CRAWLED: list[Domain] = ["science"]


class Settings(Strict):
    """Every filter's settings: `kind` names the filter, `domains` where it acts (null: everywhere)."""

    domains: list[Domain] | None = Field(default=None, description="Domains that the filter acts on; null: all.")

    def acts_on(self, domain: str) -> bool:
        return self.domains is None or domain in self.domains


class Span(NamedTuple):
    """text[start:end] is of this type: a secret, or what says something of a person."""

    start: int
    end: int
    type: str


def told_before(text: str, start: int, words: re.Pattern[str]) -> bool:
    """True when one of the words stands shortly before: what a bare number means is said there."""
    return words.search(text, max(0, start - _CONTEXT_CHARS), start) is not None


def note_edits(document: Document, kind: str, edits: Mapping[str, int]) -> None:
    """Remember in `meta.edits` what a filter changed in the text, so that it can be traced: {kind: {what: times}}."""
    if edits:
        noted: dict[str, Any] = document["meta"].setdefault("edits", {})
        noted[kind] = dict(sorted((Counter(noted.get(kind, {})) + Counter(edits)).items()))


def is_below(host: str, names: Iterable[str]) -> bool:
    """True for one of these hosts, and for one below it."""
    return any(host == name or host.endswith("." + name) for name in names)


def meta_texts(value: Any) -> Iterator[str]:
    """Every string in a document's `meta`, which may hold a secret or a name as well as the text does."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for element in value.values() if isinstance(value, dict) else value:
            yield from meta_texts(element)


def map_meta(value: Any, change: Callable[[str], str]) -> Any:
    """A copy of a document's `meta` in which every string is changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: map_meta(element, change) for name, element in value.items()}
    return [map_meta(element, change) for element in value] if isinstance(value, list) else value
