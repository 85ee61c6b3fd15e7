"""Self-instruct as a part of a track: a stage writes conversations, and stages behind it train on them."""

from collections.abc import Iterator, Sequence

from fc_model.config.stage import StageConfig
from fc_model.errors import suggestion
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section, StageExtension, Written
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.instructions.part import instructions_key, later_shards_key
from fc_pipeline.self_instruct.config import SelfInstructFields

with deferred_imports():
    from fc_pipeline.self_instruct.report import self_instruct, self_instruct_page
    from fc_pipeline.self_instruct.write import write_conversations


def check(track: SelfInstructFields) -> None:
    """Raise ValueError where no stage can write, or none would read."""
    chosen = track.self_instruct
    if chosen is None:
        return
    if track.instructions is None:
        raise ValueError("self_instruct learns from conversations: add `instructions`, or take self_instruct away")
    writers = _writers(track)
    if chosen.stage is not None and chosen.stage not in writers:
        raise ValueError(
            f"self_instruct.stage: {chosen.stage!r} is no stage of kind pretrain or sft with one of kind sft behind it"
            f"{suggestion(chosen.stage, writers)}; what a stage writes, only stages behind it can train on: "
            + (f"name one of {', '.join(writers)}" if writers else "add a stage of kind sft")
        )
    room = track.model.context_length - chosen.max_instruction_tokens - chosen.max_reply_tokens
    if room < 1:
        raise ValueError(
            f"self_instruct: model.context_length ({track.model.context_length}) has no room for examples beside "
            "max_instruction_tokens and max_reply_tokens: lower them"
        )


def steps(track: SelfInstructFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    chosen = track.self_instruct
    if chosen is None:
        return
    writer = writer_of(track)
    yield StepSpec(
        key=written_key(track),
        function=write_conversations,
        description=f"Instructions and replies that {writer} writes, as far as they pass the filters.",
        group=f"{track.name}_data",
        config={
            **chosen.model_dump(mode="json", exclude={"stage"}),
            "weights": track.weights,
            "chat": track.stages[writer].kind == "sft",
        },
        inputs={
            "stage": track.stage_key(writer),
            "tokenizer": track.tokenizer_key,
            "instructions": instructions_key(track),
        },
        kinds=("pytorch",),
        accelerator=True,
        page=self_instruct_page,
        key_metrics=("conversations", "attempts", "kept_share"),
    )


def written_key(track: SelfInstructFields) -> str:
    return f"{track.name}/self_instruct"


def writer_of(track: SelfInstructFields) -> str:
    """The stage that writes."""
    assert track.self_instruct is not None
    return track.self_instruct.stage or _writers(track)[-1]


def written(track: SelfInstructFields) -> dict[str, Written]:
    if track.self_instruct is None:
        return {}
    return {"self_instruct": Written(key=written_key(track), stage=writer_of(track))}


def read_later_shards(track: SelfInstructFields, name: str, stage: StageConfig) -> StageExtension | None:
    """Stages of kind sft behind the one that writes read windows with what it wrote."""
    if track.self_instruct is None or stage.kind != "sft" or not track.is_behind(name, writer_of(track)):
        return None
    return StageExtension(inputs={"instructions": later_shards_key(track)})


def without(track: SelfInstructFields, ids: Sequence[str]) -> SelfInstructFields:
    """The track, which leaves these conversations out."""
    chosen = track.self_instruct
    own = [name for name in ids if name.startswith("self_instruct/")]
    if chosen is None or not own:
        return track
    removed = sorted({*chosen.removed, *own})
    return track.model_copy(update={"self_instruct": chosen.model_copy(update={"removed": removed})})


def _writers(track: SelfInstructFields) -> list[str]:
    """Stages that can write, and have a reader behind them."""
    readers = [name for name, stage in track.main_stages if stage.kind == "sft"]
    able = [name for name, stage in track.main_stages if stage.kind in ("pretrain", "sft")]
    return [name for name in able if readers and track.is_behind(readers[-1], name)]


PART = Part(
    name="self_instruct",
    fields=SelfInstructFields,
    steps=steps,
    check=check,
    stage_kind="sft",
    written_conversations=written,
    extend_stage=read_later_shards,
    without=without,
    sections=(Section(name="self_instruct", title="Self-instruct", read=self_instruct, phase="tokens"),),
)
