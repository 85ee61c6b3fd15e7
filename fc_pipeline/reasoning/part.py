"""Problems with a chain of thought as a part of a track: a source of conversations whose answers programs checked."""

from collections.abc import Iterator, Sequence

from fc_pipeline.corpus.part import split_key
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.reasoning.config import ReasoningFields
from fc_pipeline.reasoning.tables import resolve_table

with deferred_imports():
    from fc_pipeline.reasoning.report import problems_page, reasoning
    from fc_pipeline.reasoning.synthesize import synthesize_problems


def check(track: ReasoningFields) -> None:
    """Raise ValueError where problems would be made that nothing trains on."""
    if track.reasoning is not None and track.instructions is None:
        raise ValueError("reasoning makes conversations for `instructions`: add it, or take reasoning away")


def steps(track: ReasoningFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    chosen = track.reasoning
    if chosen is not None:
        entries = chosen.tables if chosen.kinds.table else []
        tables = [resolve_table(entry).model_dump(mode="json") for entry in entries]
        yield StepSpec(
            key=problems_key(track),
            function=synthesize_problems,
            description="Problems with chains of thought; every equation and every answer is checked by a program.",
            group=f"{track.name}_data",
            config=chosen.model_dump(mode="json") | {"tables": tables},
            inputs={"documents": split_key(track)},
            page=problems_page,
            key_metrics=("problems", "holdout_problems", "equations", "broken_promises"),
        )


def problems_key(track: ReasoningFields) -> str:
    """Key of the problems to train on, and of those held out."""
    return f"{track.name}/reasoning"


def conversations(track: ReasoningFields) -> dict[str, str]:
    return {} if track.reasoning is None else {"reasoning": problems_key(track)}


PART = Part(
    name="reasoning",
    fields=ReasoningFields,
    steps=steps,
    check=check,
    stage_kind="sft",
    conversations=conversations,
    holds_out=True,
    sections=(Section(name="reasoning", title="Reasoning", read=reasoning, phase="tokens"),),
)
