"""Instructions as a part of a track: conversations, their cleaning, and the windows that stages of kind sft read."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from fc_model.config.stage import StageConfig
from fc_model.errors import UserError, suggestion
from fc_pipeline.corpus.config import DecontaminationConfig
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section, StageExtension, Written
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.instructions.calls.schema import CallSource
from fc_pipeline.instructions.catalogue import read_source, resolve_source
from fc_pipeline.instructions.config import DECISIONS, WRITTEN, InstructionsConfig, InstructionsFields, PackConfig

with deferred_imports():
    from fc_pipeline.corpus.decontaminate import decontaminate
    from fc_pipeline.corpus.filter_documents import filter_documents
    from fc_pipeline.corpus.pages import contamination_page, filtered_page
    from fc_pipeline.instructions.calls.fetch import fetch_calls
    from fc_pipeline.instructions.fetch import fetch_conversations
    from fc_pipeline.instructions.pack import pack_conversations
    from fc_pipeline.instructions.report import conversations_page, instructions, shards_page
    from fc_pipeline.instructions.split import split_conversations
    from fc_pipeline.instructions.unique import unique_conversations

_CLEANING = ("filtered", "unique", "decontaminated")


def check(track: InstructionsFields) -> None:
    """Raise ValueError where stages and conversations do not fit together."""
    stages = _sft_stages(track)
    chosen = track.instructions
    if chosen is None:
        if stages:
            raise ValueError(f"stages.{next(iter(stages))} is of kind sft: the track needs `instructions`")
        return
    if not stages:
        raise ValueError("instructions belong to a track with a stage of kind sft: add one")
    if track.main_stages[0][0] in stages:
        raise ValueError(f"stages.{track.main_stages[0][0]} is of kind sft, and no stage comes before it: add one")
    lengths = {name: stage.seq_len for name, stage in stages.items()}
    if len(set(lengths.values())) > 1:
        each = " and ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"stages of kind sft read the same windows, but their seq_len differ ({each}): take one")
    for name in chosen.stages:
        if name not in stages:
            raise ValueError(f"instructions.stages: {name!r} is no stage of kind sft{suggestion(name, stages)}")


def own_conversations(track: InstructionsFields) -> dict[str, str]:
    """The sources of the track: name -> key."""
    sources = track.instructions.sources if track.instructions is not None else []
    return {name: f"conversations/{name}" for name in (read_source(entry).name for entry in sources)}


def instruction_steps(track: InstructionsFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """Sources are shared between tracks; what is made of them is the track's own."""
    chosen = track.instructions
    if chosen is None:
        return
    for source in map(resolve_source, chosen.sources):
        yield StepSpec(
            key=f"conversations/{source.name}",
            function=fetch_calls if isinstance(source, CallSource) else fetch_conversations,
            description=f"Conversations of {source.name} ({source.kind}, {source.licence}), read and checked.",
            group="conversations",
            config=source.model_dump(mode="json"),
            kinds=("python", source.kind) if source.kind == "pypi" else ("python",),
            page=conversations_page,
        )
    inputs = {name: key for part in parts for name, key in part.conversations(track).items()}
    written = {name: one for part in parts for name, one in part.written_conversations(track).items()}
    _check_sources(track, inputs, written)
    step = partial(StepSpec, group=f"{track.name}_data")
    filtered, unique, decontaminated = (f"{track.name}/conversations/{name}" for name in _CLEANING)
    yield step(
        key=filtered,
        function=filter_documents,
        description="Conversations that pass the filters; the dropped ones are kept by reason.",
        config=chosen.filtering.model_dump(mode="json"),
        inputs=inputs,
        page=filtered_page,
    )
    yield step(
        key=unique,
        function=unique_conversations,
        description="Each conversation once, and which of them begin with the same prompt.",
        config={"removed": chosen.removed},
        inputs={"documents": filtered},
        page=filtered_page,
    )
    cleaned = {"documents": unique}
    decontamination = _decontamination(track)
    evalsets = [f"evalsets/{name}" for name in decontamination.evalsets]
    if evalsets:
        yield step(
            key=decontaminated,
            function=decontaminate,
            description="Which conversations share a run of words with an item of the eval sets; they are dropped.",
            config=decontamination.model_dump(mode="json"),
            inputs={"documents": unique} | {name: name for name in evalsets},
            page=contamination_page,
        )
        cleaned["decontaminated"] = decontaminated
    yield step(
        key=instructions_key(track),
        function=split_conversations,
        description="Conversations to train on and a holdout of each source, by first prompt or group.",
        config=chosen.holdout.model_dump(mode="json"),
        inputs=cleaned,
        page=conversations_page,
    )
    later = [name for name in _sft_stages(track) if any(track.is_behind(name, one.stage) for one in written.values())]
    if earlier := [name for name in _sft_stages(track) if name not in later]:
        yield _shards(track, shards_key(track), earlier, {})
    if later:
        yield from _written_steps(track, written, evalsets)
        yield _shards(track, later_shards_key(track), later, _written_inputs(track, bool(evalsets)))


def _written_steps(track: InstructionsFields, written: dict[str, Written], evalsets: list[str]) -> Iterator[StepSpec]:
    """Filters and decontamination, as for all others. None is held out: what a model wrote is no yardstick."""
    assert track.instructions is not None
    step = partial(StepSpec, group=f"{track.name}_data")
    filtered, decontaminated = _written_inputs(track, True).values()
    yield step(
        key=filtered,
        function=filter_documents,
        description="Conversations that a stage wrote, as far as they pass the filters.",
        config=track.instructions.filtering.model_dump(mode="json"),
        inputs={name: one.key for name, one in written.items()},
        page=filtered_page,
    )
    if evalsets:
        yield step(
            key=decontaminated,
            function=decontaminate,
            description="Which of them share a run of words with an item of the eval sets; they are dropped.",
            config=_decontamination(track).model_dump(mode="json"),
            inputs={"documents": filtered} | {name: name for name in evalsets},
            page=contamination_page,
        )


def _written_inputs(track: InstructionsFields, has_evalsets: bool) -> dict[str, str]:
    """What packing reads of the conversations that a stage wrote: role -> key."""
    filtered = {WRITTEN: f"{track.name}/conversations/written/filtered"}
    return filtered | ({DECISIONS: f"{track.name}/conversations/written/decontaminated"} if has_evalsets else {})


def _decontamination(track: InstructionsFields) -> DecontaminationConfig:
    return track.corpus.decontamination.model_copy(update={"action": "drop"})


def _shards(track: InstructionsFields, key: str, names: Sequence[str], written: dict[str, str]) -> StepSpec:
    """The windows of these stages."""
    chosen, stages = track.instructions, _sft_stages(track)
    assert chosen is not None
    settings = {name: getattr(chosen, name) for name in PackConfig.model_fields}
    return StepSpec(
        key=key,
        function=pack_conversations,
        description="Conversations as token ids in windows, with a mask of what is trained on.",
        group=f"{track.name}_data",
        config=settings
        | {
            "seq_len": next(iter(stages.values())).seq_len,
            "stages": {name: _weights(chosen, name) for name in names},
        },
        inputs={"instructions": instructions_key(track), "tokenizer": track.tokenizer_key, **written},
        page=shards_page,
    )


def instructions_key(track: InstructionsFields) -> str:
    """Key of the conversations to train on and of those that are held out."""
    return f"{track.name}/instructions"


def shards_key(track: InstructionsFields) -> str:
    return f"{track.name}/instruction_shards"


def later_shards_key(track: InstructionsFields) -> str:
    """Key of the windows of stages that come behind one that writes conversations."""
    return f"{track.name}/later_stages/instruction_shards"


def read_instructions(track: InstructionsFields, name: str, stage: StageConfig) -> StageExtension | None:
    """A stage of kind sft reads the packed conversations, from the weights that were judged."""
    if stage.kind != "sft":
        return None
    return StageExtension(
        inputs={"instructions": shards_key(track)},
        config={"start_weights": track.weights},
        reads=f"{stage.batch_tokens:,} tokens of conversations",
    )


def without(track: InstructionsFields, ids: Sequence[str]) -> InstructionsFields:
    """The track, which leaves these conversations of its sources and their copies out."""
    chosen = track.instructions
    own = [name for name in ids if name.split("/")[0] in own_conversations(track)]
    if chosen is None or not own:
        return track
    removed = sorted({*chosen.removed, *own})
    return track.model_copy(update={"instructions": chosen.model_copy(update={"removed": removed})})


def _sft_stages(track: InstructionsFields) -> dict[str, StageConfig]:
    return {name: stage for name, stage in track.stages.items() if stage.kind == "sft"}


def _weights(chosen: InstructionsConfig, stage: str) -> dict[str, float] | None:
    """Of the sources that come; None for each once."""
    weights = chosen.stages.get(stage)
    return None if weights is None else {name: weight for name, weight in weights.items() if weight}


def _check_sources(track: InstructionsFields, inputs: dict[str, str], written: dict[str, Written]) -> None:
    """Raise UserError where a stage weighs a source that there is not, or that is written later, where the groups of
    one are blind that there is not, or where there is none at all."""
    assert track.instructions is not None
    if not inputs:
        raise UserError(f"tracks/{track.name}: instructions.sources is empty: name one")
    chosen = track.instructions
    for stage, weights in chosen.stages.items():
        for name in [name for name, weight in weights.items() if weight and name in written]:
            if not track.is_behind(stage, writer := written[name].stage):
                raise UserError(
                    f"tracks/{track.name}: instructions.stages.{stage}: {writer} writes {name}, so only stages behind "
                    f"it can train on it: take it out, or let an earlier stage write (`{name}.stage`)"
                )
    named: dict[str, Mapping[str, Any]] = {f"stages.{stage}": weights for stage, weights in chosen.stages.items()}
    named["holdout.blind"] = chosen.holdout.blind
    for where, values in named.items():
        for name, value in values.items():
            # 0 or [] takes away what the track that it extends has
            if value and name not in inputs and not (name in written and where != "holdout.blind"):
                raise UserError(
                    f"tracks/{track.name}: instructions.{where}: {name!r} is no source of the track"
                    f"{suggestion(name, inputs)}"
                )


PART = Part(
    name="instructions",
    fields=InstructionsFields,
    steps=instruction_steps,
    check=check,
    stage_kind="sft",
    conversations=own_conversations,
    extend_stage=read_instructions,
    without=without,
    sections=(Section(name="instructions", title="Instructions", read=instructions, phase="tokens"),),
)
