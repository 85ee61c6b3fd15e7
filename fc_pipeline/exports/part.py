"""Exports as a part of a track: the final weights for other runtimes, and their comparison with torch."""

from collections.abc import Iterator, Sequence

from fc_pipeline.corpus.part import split_key
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.part import Part, Section
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.exports.config import ExportFields

with deferred_imports():
    from fc_pipeline.exports.export import gguf, huggingface, parity
    from fc_pipeline.exports.report import exports


def export_steps(track: ExportFields, parts: Sequence[Part]) -> Iterator[StepSpec]:
    """A step a format, and their parity."""
    final = {"stage": track.stage_key(track.final_stage), "tokenizer": track.tokenizer_key}
    group = f"{track.name}_exports"
    # A base model must not claim a chat template: it would answer in a format that it has never seen.
    chat = any(stage.kind == "sft" for _, stage in track.main_stages)
    about = {"name": track.name, "description": track.description, "weights": track.weights, "chat": chat}
    yield StepSpec(
        key=f"{track.name}/exports/huggingface",
        function=huggingface,
        description="Folder that transformers loads as LlamaForCausalLM with its tokenizer.",
        group=group,
        config=about,
        inputs=final,
        kinds=("huggingface",),
        key_metrics=("parameters", "bytes"),
        registered=True,
    )
    yield StepSpec(
        key=f"{track.name}/exports/gguf",
        function=gguf,
        description=f"GGUF files for llama.cpp: {', '.join(track.exports.gguf.quantizations)}.",
        group=group,
        config={**about, **track.exports.gguf.model_dump(mode="json")},
        inputs=final,
        key_metrics=tuple(f"bytes_{name}" for name in track.exports.gguf.quantizations),
    )
    yield StepSpec(
        key=f"{track.name}/parity",
        function=parity,
        description="Token ids and logits of torch, transformers and llama.cpp, side by side.",
        group=group,
        config={"weights": track.weights, "chat": chat, **track.parity.model_dump(mode="json")},
        inputs={
            **final,
            "documents": split_key(track),
            "huggingface": f"{track.name}/exports/huggingface",
            "gguf": f"{track.name}/exports/gguf",
        },
        key_metrics=(
            "huggingface_max_logit_diff",
            "tokenizer_match_hf",
            "tokenizer_match_llama_cpp",
            *(f"gguf_{name}_top1" for name in track.exports.gguf.quantizations),
        ),
    )


PART = Part(
    name="exports",
    fields=ExportFields,
    steps=export_steps,
    sections=(Section(name="exports", title="Exports and parity", read=exports, phase="exports"),),
)
