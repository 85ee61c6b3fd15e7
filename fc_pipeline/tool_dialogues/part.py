"""Tool dialogues as a part of a track: a source of conversations whose calls were really made."""

from collections.abc import Iterator, Sequence

from fc_pipeline.corpus.part import split_key
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.feedback.accepted import accepted_weights
from fc_pipeline.tool_dialogues.config import ToolDialoguesFields, WeightedDialogues, asked_tools

with deferred_imports():
    from fc_pipeline.tool_dialogues.report import dialogues_page, tool_dialogues
    from fc_pipeline.tool_dialogues.synthesize import synthesize_dialogues


def check(track: ToolDialoguesFields) -> None:
    """Raise ValueError where dialogues would be made that nothing trains on."""
    if track.tool_dialogues is None and track.feedback is not None:
        raise ValueError("feedback weighs tool_dialogues: add them, or take feedback away")
    if track.tool_dialogues is not None and track.instructions is None:
        raise ValueError("tool_dialogues are conversations for `instructions`: add it, or take tool_dialogues away")


def steps(track: ToolDialoguesFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    if track.tool_dialogues is not None:
        yield StepSpec(
            key=dialogues_key(track),
            function=synthesize_dialogues,
            description="Dialogues around real calls of tools, each checked; a holdout, and one of blind tools.",
            group=f"{track.name}_data",
            config=weighted(track).model_dump(mode="json"),
            inputs={"documents": split_key(track)},
            page=dialogues_page,
            key_metrics=("dialogues", "holdout_dialogues", "blind_dialogues", "calls", "broken_promises"),
        )


def weighted(track: ToolDialoguesFields) -> WeightedDialogues:
    """The settings with the weights that were accepted. Raises UserError where these are none of this track's."""
    chosen = track.tool_dialogues
    assert chosen is not None
    if track.feedback is None:
        return WeightedDialogues(**chosen.model_dump())
    shares = chosen.kinds.model_dump()
    tools = [
        tool for tool in asked_tools() if tool not in chosen.blind and (chosen.tools is None or tool in chosen.tools)
    ]
    weights = accepted_weights(track.name, kinds=[kind for kind in shares if shares[kind]], tools=tools)
    return WeightedDialogues(**chosen.model_dump(), feedback=weights)


def dialogues_key(track: ToolDialoguesFields) -> str:
    """Key of the dialogues to train on, of those held out, and of those of blind tools."""
    return f"{track.name}/tool_dialogues"


def conversations(track: ToolDialoguesFields) -> dict[str, str]:
    return {} if track.tool_dialogues is None else {"tool_dialogues": dialogues_key(track)}


PART = Part(
    name="tool_dialogues",
    fields=ToolDialoguesFields,
    steps=steps,
    check=check,
    stage_kind="sft",
    conversations=conversations,
    holds_out=True,
    sections=(Section(name="tool_dialogues", title="Tool dialogues", read=tool_dialogues, phase="tokens"),),
)
