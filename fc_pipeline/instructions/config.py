"""What a track says of its conversations: what is read, how it is cleaned, what each stage trains on."""

from typing import Any, Literal

from pydantic import Field, field_validator

from fc_model.config.strict import Strict
from fc_pipeline.corpus.config import FilterConfig, HoldoutConfig
from fc_pipeline.corpus.filters.language import LanguageSettings
from fc_pipeline.corpus.filters.pii import PiiSettings
from fc_pipeline.corpus.filters.secrets import SecretsSettings
from fc_pipeline.tokens.config import TokensFields

_NOT_FOR_CONVERSATIONS = {"unicode", "boilerplate", "perplexity"}
"""Filters that edit the text of a document, which is not what a conversation is trained on, or need its models."""


WRITTEN, DECISIONS = "written", "written_decontaminated"
"""Roles in which packing reads conversations that a stage wrote, and what decontamination decided on them."""


def _filters() -> FilterConfig:
    return FilterConfig(filters=[SecretsSettings(), PiiSettings(), LanguageSettings()])


class PackConfig(Strict):
    """How conversations become windows."""

    too_long: Literal["cut", "drop"] = Field(
        default="cut", description="A conversation longer than a window ends after its last reply that fits, or goes."
    )
    shard_tokens: int = Field(default=100_000_000, gt=0, description="Tokens a file; the last conversation fills it.")
    seed: int = Field(default=0, ge=0, description="Changes the order of the windows, and which parts are taken.")


class ConversationHoldout(HoldoutConfig):
    """What is never trained on, of each source by its clusters: first prompts, or groups of conversations."""

    blind: dict[str, list[str]] = Field(
        default={},
        description="{source: groups that are held out whole}: `skill` names all of `skill/intent/template`, `*` all. "
        "No conversation that is trained on offers a tool that only these call.",
    )


class InstructionsConfig(PackConfig):
    """Conversations to train an assistant on."""

    sources: list[str | dict[str, Any]] = Field(
        default=[], description="Names from instructions/catalog, or whole ones; other parts may add their own."
    )
    filtering: FilterConfig = Field(default_factory=_filters, description="What a conversation must be to be kept.")
    removed: list[str] = Field(default=[], description="Ids of conversations taken down, with all their copies.")
    holdout: ConversationHoldout = Field(
        default_factory=ConversationHoldout,
        description="What is never trained on, of each source by its first prompts or groups.",
    )
    stages: dict[str, dict[str, float]] = Field(
        default={},
        description="{stage: {source: how often its conversations come in a pass}}: 0.5 takes half of them, 2 takes "
        "them twice; others do not come. A stage that is not named takes every source once.",
    )

    @field_validator("filtering")
    @classmethod
    def _judge_only(cls, filtering: FilterConfig) -> FilterConfig:
        for chosen in filtering.filters:
            if chosen.kind in _NOT_FOR_CONVERSATIONS:
                raise ValueError(f"filter {chosen.kind} edits or models documents, not conversations: take it away")
        return filtering

    @field_validator("removed")
    @classmethod
    def _order_does_not_matter(cls, removed: list[str]) -> list[str]:
        return sorted(set(removed))

    @field_validator("stages")
    @classmethod
    def _positive(cls, stages: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        for stage, weights in stages.items():
            for source, weight in weights.items():
                if not 0 <= weight <= 1000:
                    raise ValueError(f"{stage}.{source}: {weight:g} times a pass; take 0 to 1,000")
            if not any(weights.values()):
                raise ValueError(f"{stage}: no source comes: give one a weight")
        return stages


class InstructionsFields(TokensFields):
    """Settings of supervised fine-tuning."""

    instructions: InstructionsConfig | None = Field(
        default=None, description="Conversations for the stages of kind sft; null for none."
    )
