"""Settings of decontamination, as a track states them."""

from typing import Literal

from pydantic import Field, model_validator

from fc_model.config.strict import Strict


class DecontaminationConfig(Strict):
    """Which eval sets must not be in the corpus, and what counts as being in it."""

    evalsets: tuple[str, ...] = Field(default=(), description="Names from fc_pipeline/evalsets/catalog.")
    ngram: int = Field(default=13, ge=2, description="Words in a row that a document may not share with an item.")
    min_words: int = Field(
        default=8, ge=2, description="An item shorter than `ngram` is looked for whole; below this it is not checked."
    )
    min_coverage: float = Field(
        default=0.0, ge=0, le=1, description="Share of an item's n-grams that a document must hold; 0: one is enough."
    )
    min_content_words: int = Field(
        default=3, ge=0, description="An n-gram with fewer words beyond numbers and letters is counting: ignored."
    )
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
