"""What a track says of feedback."""

from pydantic import Field

from fc_model.config.strict import Strict
from fc_pipeline.engine.part import TrackFields


class FeedbackConfig(Strict):
    """Weights for what the evaluation of chat and tools finds weak."""

    automatic: bool = Field(
        default=False, description="The sensor `feedback` accepts what it proposes; else a person does."
    )
    least_items: int = Field(default=30, ge=1, description="Turns that a kind, or a tool, needs to be weighed.")


class FeedbackFields(TrackFields):
    """The field of a track that weighs its data by its evaluation."""

    feedback: FeedbackConfig | None = Field(
        default=None, description="Weights of tool_dialogues by the failures that chat_evals counts; null for none."
    )
