"""Settings of the tokens: the tokenizer, the mixture of the packed shards, and the schedule of rebuilds."""

from functools import cached_property
from typing import Any

from pydantic import Field, model_validator

from fc_pipeline.corpus.config import CorpusFields
from fc_pipeline.tokens.mixture_config import MixtureConfig
from fc_pipeline.tokens.train_tokenizer import TokenizerConfig
from fc_pipeline.training.config import TrainingFields


class TokensFields(TrainingFields, CorpusFields):
    """Settings that turn documents into the tokens of the stages."""

    tokenizer: TokenizerConfig = Field(description="The tokenizer that is trained on the corpus.")
    mixture: MixtureConfig = Field(description="Domain weights and token budget of the packed shards.")
    fresh_for_days: int = Field(default=14, ge=1, description="The UI warns of older shards, and is red at twice that.")
    rebuild_cron: str = Field(default="0 3 * * 0", description="When the schedule rebuilds the shards, if switched on.")

    @model_validator(mode="before")
    @classmethod
    def _same_vocabulary(cls, raw: Any) -> Any:
        """Copy tokenizer.vocab_size into the model. Raises ValueError for two different sizes."""
        if not isinstance(raw, dict):
            return raw
        tokenizer, model = raw.get("tokenizer"), raw.get("model")
        if not (isinstance(tokenizer, dict) and isinstance(model, dict)):
            return raw
        size = tokenizer.get("vocab_size")
        if model.get("vocab_size", size) != size:
            raise ValueError(
                f"model.vocab_size ({model['vocab_size']}) is not tokenizer.vocab_size ({size}): leave it out"
            )
        return raw | {"model": model | {"vocab_size": size}}

    @cached_property
    def packed_mixture(self) -> MixtureConfig:
        """The mixture with the token budget of every stage that has its own."""
        stages = {
            name: part
            if part.tokens is not None
            else part.model_copy(update={"tokens": self.stages[name].num_steps * self.stages[name].batch_tokens})
            for name, part in self.mixture.stages.items()
        }
        return self.mixture.model_copy(update={"stages": stages})

    @property
    def shards_key(self) -> str:
        return f"{self.name}/shards"

    @property
    def tokenizer_key(self) -> str:
        return f"{self.name}/tokenizer"
