"""The steps that export the final weights, and the step that compares the exports with torch."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from fc_pipeline.engine.step import Step


def huggingface(step: Step) -> None:
    """A folder that transformers loads as LlamaForCausalLM with its tokenizer."""
    from fc_model.export.huggingface import export_huggingface

    model = _final_model(step)
    folder = step.out.workspace("huggingface")
    export_huggingface(model, model.config, step.inputs["tokenizer"].path("tokenizer.model"), folder)
    for path in sorted(folder.iterdir()):
        step.out.adopt(path.name, path)
    step.out.metrics["parameters"] = model.config.num_parameters()
    step.out.metrics["bytes"] = sum(entry.bytes for entry in step.out.files.values())


def gguf(step: Step) -> None:
    """One GGUF file a quantization, for llama.cpp."""
    from fc_model.export.gguf import export_gguf

    model = _final_model(step)
    for quantization in step.config["quantizations"]:
        name = gguf_name(step.config["name"], quantization)
        path = step.out.workspace("gguf") / name
        export_gguf(
            model,
            model.config,
            step.inputs["tokenizer"].path("tokenizer.model"),
            path,
            quantization=quantization,
            name=step.config["name"],
            licence=" AND ".join(_licences(step)),
            description=step.config["description"],
        )
        step.out.adopt(name, path)
        step.out.metrics[f"bytes_{quantization}"] = step.out.files[name].bytes


def parity(step: Step) -> None:
    """Prompts, token ids and logits of torch, transformers and llama.cpp, compared."""
    from fc_model.export.parity import ParitySettings, parity_report

    known = {field.name for field in fields(ParitySettings)}
    settings = ParitySettings(
        **{name: value for name, value in step.config.items() if name in known}, threads=step.runtime.threads
    )
    folder = step.out.workspace("parity")
    export = step.inputs["gguf"]
    report = parity_report(
        model=_final_model(step),
        tokenizer_file=step.inputs["tokenizer"].path("tokenizer.model"),
        huggingface_folder=step.inputs["huggingface"].folder,
        gguf_files={
            Path(entry.path).stem.rpartition("-")[2]: export.path(entry.path)
            for entry in export.manifest.files
            if entry.path.endswith(".gguf")
        },
        texts=_holdout_texts(step),
        out_folder=folder,
        settings=settings,
    )
    for path in sorted(folder.iterdir()):
        step.out.adopt(path.name, path)
    step.out.metrics |= report.metrics


def gguf_name(track: str, quantization: str) -> str:
    """File name of an export: `nano-q8_0.gguf`."""
    return f"{track}-{quantization}.gguf"


def _final_model(step: Step) -> Any:
    from fc_model.checkpoints.load import load_decoder

    return load_decoder(step.inputs["stage"].folder, weights=step.config["weights"])


def _licences(step: Step) -> list[str]:
    return sorted({entry["licence"] for artifact in step.inputs.values() for entry in artifact.manifest.licences})


def _holdout_texts(step: Step) -> list[str]:
    from fc_model.artifacts import read_records

    return [record["text"] for record in read_records(step.inputs["documents"].path("holdout.jsonl.zst"))]
