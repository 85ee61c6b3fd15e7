"""What all filters share: on which domains they act, what they answer, and how they say what they changed."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.sources.schema import Domain

Verdict = str | None
"""Why the document is dropped (letters, digits, `_`), or None to keep it."""

PROSE: list[Domain] = ["science", "data", "chat"]
PAGES: list[Domain] = ["science", "data"]
CRAWLED: list[Domain] = ["science"]


class Settings(BaseModel):
    """Every filter's settings: `kind` names the filter, `domains` where it acts (null: everywhere)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    domains: list[Domain] | None = Field(default=None, description="Domains that the filter acts on; null: all.")

    def acts_on(self, domain: str) -> bool:
        return self.domains is None or domain in self.domains


def note_edits(document: Document, kind: str, edits: Mapping[str, int]) -> None:
    """Remember in `meta.edits` what a filter changed in the text, so that it can be traced: {kind: {what: times}}."""
    if edits:
        noted: dict[str, Any] = document["meta"].setdefault("edits", {})
        noted[kind] = dict(sorted((Counter(noted.get(kind, {})) + Counter(edits)).items()))
