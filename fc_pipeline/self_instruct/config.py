"""What a track says of the conversations that one of its stages writes."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from fc_model.config.strict import Strict
from fc_pipeline.instructions.config import InstructionsFields
from fc_pipeline.self_instruct.rouge import words_of

KEYWORDS = (
    *("image", "images", "graph", "graphs", "picture", "pictures", "file", "files", "map", "maps"),
    *("draw", "plot", "video", "videos", "audio", "photo", "photos", "chart", "charts"),
)


class SelfInstructConfig(Strict):
    """New instructions and replies, as Self-Instruct writes and filters them (Wang et al. 2022, arXiv:2212.10560)."""

    stage: str | None = Field(
        default=None,
        description="Which writes: of kind pretrain or sft. Null: the last such stage before the last of kind sft.",
    )
    conversations: int = Field(default=200, gt=0, description="Wanted; the writing ends when so many are kept.")
    attempts: int = Field(default=2_000, gt=0, description="Instructions that are written at most.")
    examples: int = Field(default=8, gt=0, description="Instructions that each attempt is shown.")
    written_examples: int = Field(default=2, ge=0, description="Of these, how many were written in earlier rounds.")
    max_instruction_tokens: int = Field(default=64, gt=0, description="A longer one is dropped.")
    max_reply_tokens: int = Field(default=128, gt=0, description="A reply that has not ended by then is dropped.")
    temperature: float = Field(default=0.7, ge=0, description="Of instructions; replies are the likeliest.")
    top_p: float = Field(default=0.5, gt=0, le=1, description="Of instructions.")
    max_similarity: float = Field(
        default=0.7, gt=0, le=1, description="ROUGE-L to every instruction that there is must be below this."
    )
    least_words: int = Field(default=4, ge=1, description="Of an instruction.")
    most_words: int = Field(default=150, ge=1, description="Of an instruction.")
    keywords: list[str] = Field(
        default=list(KEYWORDS), description="Words of what a language model cannot do: such instructions are dropped."
    )
    removed: list[str] = Field(default=[], description="Ids of conversations taken down.")
    seed: int = Field(default=0, ge=0, description="Of the examples and of what is drawn.")

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        if self.least_words > self.most_words:
            raise ValueError(
                f"least_words ({self.least_words}) is above most_words ({self.most_words}): no instruction has both"
            )
        for keyword in self.keywords:
            if words_of(keyword) != [keyword]:
                raise ValueError(
                    f"keywords: {keyword!r} is not one word of letters and digits, and stands in no instruction: "
                    "name a word of it"
                )
        return self

    @field_validator("keywords", "removed")
    @classmethod
    def _order_does_not_matter(cls, names: list[str]) -> list[str]:
        return sorted({name.lower() for name in names})


class SelfInstructFields(InstructionsFields):
    """The setting of self-instruct."""

    self_instruct: SelfInstructConfig | None = Field(
        default=None,
        description="Conversations that a stage writes, as the source `self_instruct` of later stages; null for none.",
    )
