"""Feedback as a part of a track: a setting. Who counts failures, and who is weighed, are parts of their own."""

from collections.abc import Iterator, Sequence

from fc_pipeline.engine.part import Part
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.feedback.config import FeedbackFields


def steps(track: FeedbackFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """None: weights are no artifact, but the decision of a person (accepted.py)."""
    yield from ()


PART = Part(name="feedback", fields=FeedbackFields, steps=steps, stage_kind="sft")
