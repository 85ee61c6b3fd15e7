"""Chat and tools as a part of a track: calls, dialogues, instructions and win-rates after stages of kind sft."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from fc_model.errors import suggestion
from fc_pipeline.corpus.part import split_key
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.evals.chat.config import ChatEvalsConfig
from fc_pipeline.feedback.config import FeedbackFields
from fc_pipeline.instructions.config import InstructionsFields
from fc_pipeline.instructions.part import instructions_key

with deferred_imports():
    from fc_pipeline.evals.chat.evaluate import evaluate_chat
    from fc_pipeline.evals.chat.pages import chat_page
    from fc_pipeline.evals.chat.report import chat


class ChatEvalFields(InstructionsFields, FeedbackFields):
    """The evaluation of the assistant of a track."""

    chat_evals: ChatEvalsConfig | None = Field(
        default=None, description="Tool calls, dialogues, instructions and win-rates after stages of kind sft; or null."
    )


def check(track: ChatEvalFields) -> None:
    chosen = track.chat_evals
    if chosen is None:
        if track.feedback is not None:
            raise ValueError("feedback needs failures that are counted: add chat_evals, or take feedback away")
        return
    stages = _assistants(track)
    if not stages:
        raise ValueError("chat_evals belong to a track with a stage of kind sft: add one, or take chat_evals away")
    for name in chosen.stages or []:
        if name not in stages:
            raise ValueError(f"chat_evals.stages: {name!r} is no stage of kind sft{suggestion(name, stages)}")
    if chosen.max_reply_tokens >= track.model.context_length:
        raise ValueError(
            f"chat_evals.max_reply_tokens ({chosen.max_reply_tokens}) leaves no room for a conversation in "
            f"model.context_length ({track.model.context_length}): lower it"
        )
    if chosen.win_rate is None:
        return
    trained = [name for name, stage in track.main_stages if stage.trains_decoder]
    for name in chosen.stages or stages[-1:]:
        earlier = trained[: trained.index(name)]
        if chosen.win_rate.against not in earlier:
            raise ValueError(
                f"chat_evals.win_rate.against: {chosen.win_rate.against!r} trains no decoder before {name}: "
                f"name one of {', '.join(earlier)}"
            )


def steps(track: ChatEvalFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """A step for each stage."""
    chosen = track.chat_evals
    if chosen is None:
        return
    sources = [part.conversations(track) for part in parts if part.holds_out]
    held_out = {f"held_out/{name}": key for source in sources for name, key in source.items()}
    opponent = {} if chosen.win_rate is None else {"against": track.stage_key(chosen.win_rate.against)}
    stages = _assistants(track)
    for name in stages[-1:] if chosen.stages is None else [name for name in stages if name in chosen.stages]:
        yield StepSpec(
            key=f"{track.name}/chat_evals/{name}",
            function=evaluate_chat,
            description=f"Calls of tools, dialogues and instructions on held-out conversations, after {name}.",
            group=f"{track.name}_training",
            config={"weights": track.weights, **chosen.model_dump(mode="json", exclude={"stages"})},
            inputs={
                "stage": track.stage_key(name),
                "tokenizer": track.tokenizer_key,
                "instructions": instructions_key(track),
                "documents": split_key(track),
                **held_out,
                **opponent,
            },
            judges=track.stage_key(name),
            kinds=("pytorch",),
            accelerator=True,
            page=chat_page,
            key_metrics=(
                "exact_calls",
                "valid_calls",
                "declined",
                "answers",
                "exact_answers",
                "prompts_strict",
                "wins",
            ),
            logged=("metrics.json", "items.jsonl.zst"),
        )


def _assistants(track: ChatEvalFields) -> list[str]:
    return [name for name, stage in track.main_stages if stage.kind == "sft"]


PART = Part(
    name="chat_evals",
    fields=ChatEvalFields,
    steps=steps,
    check=check,
    stage_kind="sft",
    sections=(Section(name="chat", title="Chat and tools", read=chat, phase="evaluation"),),
)
