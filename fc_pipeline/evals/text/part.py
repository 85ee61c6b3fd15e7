"""Held-out evaluation of text as a part of a track: bits per byte by domain, and samples, after the stages of text."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.evals.text.config import EvalConfig
from fc_pipeline.tokens.config import TokensFields

with deferred_imports():
    from fc_pipeline.evals.text.evaluate import evaluate
    from fc_pipeline.evals.text.report import quality, samples


class TextEvalFields(TokensFields):
    """Settings of the evaluation on held-out text."""

    evals: EvalConfig = Field(
        default_factory=EvalConfig, description="Held-out evaluation after each stage that trains the decoder."
    )


def eval_steps(track: TextEvalFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """A step a main stage, but for those that leave the decoder as it was.

    Fine-tuning on conversations is compared with the last stage before any of it: each may cost text something, and
    what they cost together counts.
    """
    before: dict[str, str] = {}
    for name, stage in track.main_stages:
        if not stage.trains_decoder:
            continue
        compared = before if stage.kind == "sft" else {}
        if stage.kind != "sft":
            before = {"before": track.stage_key(name)}
        yield StepSpec(
            key=eval_key(track, name),
            function=evaluate,
            description=f"Held-out bits per byte by domain and samples, after {name}.",
            group=f"{track.name}_training",
            config={"weights": track.weights, **track.evals.model_dump(mode="json")},
            inputs={
                "stage": track.stage_key(name),
                "shards": track.shards_key,
                "tokenizer": track.tokenizer_key,
                **compared,
            },
            judges=track.stage_key(name),
            kinds=("pytorch",),
            accelerator=True,
            key_metrics=("bits_per_byte", "bits_per_byte_mix", "perplexity", "unigram_gain", "bits_per_byte_random"),
            logged=("metrics.json", "samples.jsonl.zst"),
        )


def eval_key(track: TokensFields, stage: str) -> str:
    return f"{track.name}/evals/{stage}"


PART = Part(
    name="evals",
    fields=TextEvalFields,
    steps=eval_steps,
    sections=(
        Section(name="quality", title="Held-out quality", read=quality, phase="evaluation"),
        Section(name="samples", title="Samples", read=samples, phase="evaluation"),
    ),
)
