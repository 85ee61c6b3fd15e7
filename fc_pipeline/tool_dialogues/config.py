"""What a track says of its tool dialogues."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from fc_model.config.strict import Strict
from fc_model.errors import suggestion
from fc_pipeline.feedback.accepted import Weights
from fc_pipeline.feedback.config import FeedbackFields
from fc_pipeline.instructions.config import InstructionsFields

Kind = Literal["single", "chained", "parallel", "no_tool", "no_fit", "missing", "retry"]
Share = Annotated[float, Field(ge=0, le=1)]


class Kinds(Strict):
    """How often each kind of dialogue is made, in parts of the whole; 0 leaves it out."""

    single: float = Field(default=40, ge=0, description="One call.")
    chained: float = Field(default=14, ge=0, description="A call that uses what an earlier one returned.")
    parallel: float = Field(default=12, ge=0, description="Two or three calls at once.")
    no_tool: float = Field(default=10, ge=0, description="The question holds its answer.")
    no_fit: float = Field(default=10, ge=0, description="No tool that is offered can do it: the assistant declines.")
    missing: float = Field(default=9, ge=0, description="An argument is asked for, and then given.")
    retry: float = Field(default=5, ge=0, description="A call comes to an error, and another one mends it.")

    @model_validator(mode="after")
    def _some(self) -> "Kinds":
        if not any(self.model_dump().values()):
            raise ValueError("every kind has share 0: give one a share")
        return self


class ToolDialoguesConfig(Strict):
    """Dialogues in which tools are called, with the results that the calls really have."""

    train: int = Field(default=20_000, ge=1, le=10_000_000, description="Dialogues to train on.")
    holdout: int = Field(default=500, ge=0, description="Dialogues of the same tools, other values and other words.")
    blind_holdout: int = Field(default=300, ge=0, description="Dialogues of tools that no other dialogue has.")
    blind: list[str] = Field(
        default=["convert_time_zone", "convert_units", "search_corpus"],
        description="Tools that are never trained on; all tools of their modules must be among them.",
    )
    kinds: Kinds = Field(default_factory=Kinds)
    tools: list[str] | None = Field(
        default=None, description="Tools that are called and offered, beside the blind ones; null: all that there are."
    )
    most_requests: int = Field(default=1, ge=1, le=20, description="Of the user in one dialogue, one after another.")
    least_others: int = Field(default=2, ge=0, le=20, description="Tools that are offered beside the right ones.")
    most_others: int = Field(default=5, ge=0, le=20)
    tool_masking: Share = Field(default=0.3, description="Part whose tools have other names, parameters, descriptions.")
    reasoning: Share = Field(default=0.3, description="Part in which the assistant reasons before it calls.")
    system: Share = Field(default=0.3, description="Part that begins with a text of the system.")
    max_characters: int = Field(
        default=4_000, ge=500, description="Of a rendered dialogue with its tools; longer ones go."
    )
    documents: int = Field(
        default=2_000, ge=1, description="Documents of each side of the corpus that values come from."
    )
    seed: int = Field(default=0, ge=0)

    @field_validator("blind")
    @classmethod
    def _whole_domains(cls, blind: list[str]) -> list[str]:
        from fc_model.tools.registry import TOOLS
        from fc_pipeline.tool_dialogues.topics.registry import domain

        asked = set(asked_tools())
        for name in blind:
            if name not in TOOLS:
                raise ValueError(f"{name!r} is no tool{suggestion(name, TOOLS)}")
            siblings = [other for other in TOOLS if domain(other) == domain(name) and other not in blind]
            if siblings:
                raise ValueError(f"{name} has the domain of {', '.join(siblings)}: name them, too, or leave it out")
            if name not in asked:
                raise ValueError(f"no dialogue asks for {name}: leave it out")
        if asked <= set(blind):
            raise ValueError("every tool is blind: leave some to train on")
        return sorted(set(blind))

    @field_validator("tools")
    @classmethod
    def _known_tools(cls, tools: list[str] | None) -> list[str] | None:
        from fc_model.tools.registry import TOOLS

        for name in tools or []:
            if name not in TOOLS:
                raise ValueError(f"{name!r} is no tool{suggestion(name, TOOLS)}")
        return None if tools is None else [name for name in TOOLS if name in tools]

    @model_validator(mode="after")
    def _some_to_train_on(self) -> "ToolDialoguesConfig":
        from fc_pipeline.tool_dialogues.topics.registry import TOPICS

        if self.tools is None:
            return self
        if both := sorted(set(self.tools) & set(self.blind)):
            raise ValueError(f"{both[0]} is among `tools` and `blind`: leave it out of one")
        if not any(topic.tool in self.tools for topic in TOPICS):
            raise ValueError("no dialogue asks for any of `tools`: add some")
        return self

    @model_validator(mode="after")
    def _others_in_order(self) -> "ToolDialoguesConfig":
        if self.least_others > self.most_others:
            raise ValueError(f"least_others ({self.least_others}) is more than most_others ({self.most_others})")
        if self.blind_holdout and not self.blind:
            raise ValueError("blind_holdout needs tools in `blind`: name some, or set it to 0")
        return self


class WeightedDialogues(ToolDialoguesConfig):
    """Of the step: the settings, and the weights that were accepted, which only what is trained on has."""

    feedback: Weights = Field(default_factory=Weights)

    def kind_shares(self, *, trained: bool) -> dict[str, float]:
        weights = self.feedback.kinds if trained else {}
        return {kind: share * weights.get(kind, 1.0) for kind, share in self.kinds.model_dump().items()}

    def tool_weight(self, tool: str, *, trained: bool) -> float:
        return self.feedback.tools.get(tool, 1.0) if trained else 1.0


def asked_tools() -> list[str]:
    """Tools that some dialogue asks for, sorted."""
    from fc_pipeline.tool_dialogues.topics.registry import TOPICS

    return sorted({topic.tool for topic in TOPICS})


class ToolDialoguesFields(InstructionsFields, FeedbackFields):
    """Settings of the tool dialogues."""

    tool_dialogues: ToolDialoguesConfig | None = Field(
        default=None,
        description="Dialogues with tool calls, as the source `tool_dialogues` of conversations; null: none.",
    )
