"""What a track says of its corpus: what is read, how it is cleaned, what is held out."""

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from fc_model.config.strict import Strict
from fc_pipeline.corpus.filters import FilterSettings, default_filters
from fc_pipeline.engine.part import NAME, TrackFields


class FilterConfig(Strict):
    """What a document must be to be kept: filters in order, each on the domains that it names."""

    filters: list[FilterSettings] = Field(
        default_factory=default_filters, description="In this order; the first that refuses a document drops it."
    )
    num_samples: int = Field(default=5, ge=0, description="Dropped documents a reason shown in the drop report.")


class DedupConfig(Strict):
    """Exact and near-duplicate removal (MinHash-LSH, every candidate verified by its true Jaccard similarity)."""

    ngram: int = Field(default=5, ge=1, description="Words a shingle.")
    num_buckets: int = Field(default=20, ge=1, description="LSH bands.")
    hashes_per_bucket: int = Field(default=5, ge=1, description="Rows; similarity s has odds 1 - (1 - s^rows)^bands.")
    jaccard: float = Field(default=0.8, gt=0, le=1, description="Documents at least this similar are duplicates.")
    related: float = Field(default=0.5, gt=0, le=1, description="Documents at least this similar stay in one split.")
    max_bucket: int = Field(default=100, ge=1, description="Kept documents of one band that another is compared with.")
    seed: int = Field(default=1, ge=0, description="Of the hash functions.")
    removed: list[str] = Field(default_factory=list, description="Ids of documents taken down, with all their copies.")
    num_samples: int = Field(default=20, ge=0, description="Pairs of near-duplicates shown in the report of clusters.")

    @field_validator("removed")
    @classmethod
    def _order_does_not_matter(cls, removed: list[str]) -> list[str]:
        return sorted(set(removed))


class DecontaminationConfig(Strict):
    """Which eval sets must not be in the corpus, and what counts as being in it."""

    evalsets: tuple[str, ...] = Field(default=(), description="Names from fc_pipeline/evalsets/catalog.")
    ngram: int = Field(default=13, ge=2, description="Words in a row that a document may not share with an item.")
    min_words: int = Field(default=8, ge=2, description="Items below `ngram` are looked for whole; below this, never.")
    min_coverage: float = Field(default=0.0, ge=0, le=1, description="Share of an item's n-grams; 0: one is enough.")
    min_content_words: int = Field(default=3, ge=0, description="An n-gram of fewer (no numbers, letters) is ignored.")
    max_item_share: float = Field(
        default=0.02, gt=0, le=1, description="An n-gram in more of a set's items (and over 20) is prompt: ignored."
    )
    max_document_share: float = Field(
        default=0.0001, gt=0, le=1, description="An n-gram in more documents (and over 20) is a phrase: ignored."
    )
    action: Literal["drop", "cut"] = Field(default="drop", description="With the document, or with what is shared.")
    cut_margin: int = Field(default=200, ge=0, description="cut: characters that go on each side of what is shared.")
    max_cut: float = Field(default=0.5, ge=0, le=1, description="cut: a document that loses more is dropped.")
    num_samples: int = Field(default=5, ge=0, description="Dropped documents a reason shown in the drop report.")

    @model_validator(mode="after")
    def _adds_up(self) -> "DecontaminationConfig":
        if self.min_words > self.ngram:
            raise ValueError(f"min_words ({self.min_words}) exceeds ngram ({self.ngram}): lower it")
        if len(set(self.evalsets)) < len(self.evalsets):
            raise ValueError(f"evalsets: one is named twice: {', '.join(self.evalsets)}")
        return self


class HoldoutConfig(Strict):
    """What is never trained on."""

    fraction: float = Field(default=0.02, ge=0, le=0.5, description="Share of each domain's clusters (1-2%).")
    min_documents: int = Field(default=8, ge=0, description="At least so many documents of every domain.")
    seed: int = Field(default=0, ge=0, description="Changes which clusters are held out.")

    @model_validator(mode="after")
    def _holds_something_out(self) -> "HoldoutConfig":
        if self.fraction == 0 and self.min_documents == 0:
            raise ValueError("holdout is empty: give fraction or min_documents")
        return self


class CorpusConfig(Strict):
    """Documents before any tokenizer. Tracks that name the same corpus share it, and must declare it equally."""

    name: str = Field(pattern=NAME, description="Name of the corpus; its artifacts are corpus/<name>/...")
    sources: list[str | dict[str, Any]] = Field(min_length=1, description="Names from sources/catalog, or whole ones.")
    dumps: dict[str, list[str | dict[str, Any]]] = Field(
        default={}, description="Later additions by name, in order: each is deduplicated against what came before."
    )
    filtering: FilterConfig = Field(default_factory=FilterConfig, description="What a document must be to be kept.")
    dedup: DedupConfig = Field(default_factory=DedupConfig, description="Exact and near-duplicate removal.")
    decontamination: DecontaminationConfig = Field(
        default_factory=DecontaminationConfig, description="Benchmarks of which nothing may be trained on."
    )
    holdout: HoldoutConfig = Field(default_factory=HoldoutConfig, description="What is never trained on.")

    @field_validator("dumps")
    @classmethod
    def _dump_names(cls, dumps: dict[str, list[str | dict[str, Any]]]) -> dict[str, list[str | dict[str, Any]]]:
        for name, sources in dumps.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name) or re.fullmatch(r"[0-9a-f]{16}", name):
                raise ValueError(f"dump name {name!r}: take lower case letters, digits and -_., as in 2026-11")
            if not sources:
                raise ValueError(f"dump {name} has no sources: name one, or take the dump away")
        return dumps

    @property
    def all_sources(self) -> list[str | dict[str, Any]]:
        """The entries of the corpus and of its dumps, in order."""
        return [*self.sources, *(entry for sources in self.dumps.values() for entry in sources)]


class CorpusFields(TrackFields):
    """What every track reads."""

    corpus: CorpusConfig = Field(description="Which documents, and how they are cleaned.")
