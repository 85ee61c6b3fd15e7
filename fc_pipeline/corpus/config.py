"""Settings of the three steps that clean a corpus, as a track states them."""

from pydantic import Field, field_validator, model_validator

from fc_model.config.strict import Strict
from fc_pipeline.corpus.filters import FilterSettings, default_filters


class FilterConfig(Strict):
    """What a document must be to be kept: filters in order, each on the domains that it names."""

    filters: list[FilterSettings] = Field(
        default_factory=default_filters,
        description="Applied in this order; the first that refuses a document drops it.",
    )
    num_samples: int = Field(default=5, ge=0, description="Dropped documents a reason shown in the drop report.")


class DedupConfig(Strict):
    """Exact and near-duplicate removal (MinHash-LSH, every candidate verified by its true Jaccard similarity)."""

    ngram: int = Field(default=5, ge=1, description="Words a shingle.")
    num_buckets: int = Field(default=20, ge=1, description="LSH bands.")
    hashes_per_bucket: int = Field(
        default=5, ge=1, description="Rows a band; a pair of similarity s is found with 1 - (1 - s^rows)^bands."
    )
    jaccard: float = Field(default=0.8, gt=0, le=1, description="Documents at least this similar are duplicates.")
    related: float = Field(
        default=0.5, gt=0, le=1, description="Kept documents at least this similar stay on one side of the split."
    )
    max_bucket: int = Field(
        default=100, ge=1, description="Kept documents with one band in common that a further one is compared with."
    )
    seed: int = Field(default=1, ge=0, description="Of the hash functions.")
    removed: list[str] = Field(
        default_factory=list, description="Ids of documents that are taken down, with all their copies."
    )
    num_samples: int = Field(default=20, ge=0, description="Pairs of near-duplicates shown in the report of clusters.")

    @field_validator("removed")
    @classmethod
    def _order_does_not_matter(cls, removed: list[str]) -> list[str]:
        return sorted(set(removed))


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
