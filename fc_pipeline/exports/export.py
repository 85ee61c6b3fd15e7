"""The steps that export the final weights, and the step that compares the exports with torch."""

from pathlib import Path

from fc_model.artifacts import read_records
from fc_model.checkpoints.load import load_decoder
from fc_model.config.parity import ParityConfig
from fc_model.device import set_threads
from fc_model.export.gguf import export_gguf
from fc_model.export.huggingface import export_huggingface
from fc_model.export.parity import parity_report
from fc_model.model.decoder import Decoder
from fc_pipeline.engine.step import Step
from fc_pipeline.lineage.licences import licence_names


def huggingface(step: Step) -> None:
    """A folder that transformers loads as LlamaForCausalLM with its tokenizer."""
    model = _final_model(step)
    folder = step.out.workspace("huggingface")
    export_huggingface(model, model.config, step.inputs["tokenizer"].path("tokenizer.model"), folder)
    _adopt_all(step, folder)
    step.out.metrics["parameters"] = model.config.num_parameters()
    step.out.metrics["bytes"] = sum(entry.bytes for entry in step.out.files.values())


def gguf(step: Step) -> None:
    """One GGUF file a quantization, for llama.cpp."""
    model = _final_model(step)
    licences = licence_names(entry for artifact in step.inputs.values() for entry in artifact.manifest.licences)
    for quantization in step.config["quantizations"]:
        name = f"{step.config['name']}-{quantization}.gguf"
        path = step.out.workspace("gguf") / name
        export_gguf(
            model,
            model.config,
            step.inputs["tokenizer"].path("tokenizer.model"),
            path,
            quantization=quantization,
            name=step.config["name"],
            licence=" AND ".join(licences),
            description=step.config["description"],
        )
        step.out.adopt(name, path)
        step.out.metrics[f"bytes_{quantization}"] = step.out.files[name].bytes


def parity(step: Step) -> None:
    """Prompts, token ids and logits of torch, transformers and llama.cpp, compared."""
    set_threads(step.runtime.threads)  # as the other steps; else those that this process has run before decide
    config = {name: value for name, value in step.config.items() if name != "weights"}
    folder = step.out.workspace("parity")
    export = step.inputs["gguf"]
    metrics = parity_report(
        model=_final_model(step),
        tokenizer_file=step.inputs["tokenizer"].path("tokenizer.model"),
        huggingface_folder=step.inputs["huggingface"].folder,
        gguf_files={
            Path(entry.path).stem.rpartition("-")[2]: export.path(entry.path)
            for entry in export.manifest.files
            if entry.path.endswith(".gguf")
        },
        texts=[record["text"] for record in read_records(step.inputs["documents"].path("holdout.jsonl.zst"))],
        out_folder=folder,
        settings=ParityConfig.model_validate(config),
        threads=step.runtime.threads,
    )
    _adopt_all(step, folder)
    step.out.metrics |= metrics


def _final_model(step: Step) -> Decoder:
    return load_decoder(step.inputs["stage"].folder, weights=step.config["weights"])


def _adopt_all(step: Step, folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        step.out.adopt(path.name, path)
