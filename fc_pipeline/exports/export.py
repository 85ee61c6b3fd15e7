"""The steps that export the final weights, and the step that compares the exports with torch."""

from pathlib import Path
from typing import Any

from fc_model.artifacts import read_records
from fc_model.chat.examples import EXAMPLES, conversations_of
from fc_model.chat.modelfile import MODELFILE, modelfile
from fc_model.chat.parity import chat_parity_report
from fc_model.chat.template import CHAT_TEMPLATE
from fc_model.checkpoints.load import load_decoder
from fc_model.config.parity import ParityConfig
from fc_model.device import set_threads
from fc_model.export.gguf import export_gguf
from fc_model.export.huggingface import export_huggingface
from fc_model.export.parity import parity_report
from fc_model.export.tokenizer_comparison import sample_lines
from fc_model.model.decoder import Decoder
from fc_pipeline.engine.step import Step
from fc_pipeline.lineage.licences import licence_names

NUM_CHAT_LINES = 300
"""Held-out lines that are put into conversations, three each."""


def huggingface(step: Step) -> None:
    """A folder that transformers loads as LlamaForCausalLM with its tokenizer."""
    model = _final_model(step)
    folder = step.out.workspace("huggingface")
    template = CHAT_TEMPLATE if step.config["chat"] else None
    export_huggingface(
        model, model.config, step.inputs["tokenizer"].path("tokenizer.model"), folder, chat_template=template
    )
    _adopt_all(step, folder)
    step.out.metrics["parameters"] = model.config.num_parameters()
    step.out.metrics["bytes"] = sum(entry.bytes for entry in step.out.files.values())


def gguf(step: Step) -> None:
    """One GGUF file a quantization, for llama.cpp; of a chat model also a Modelfile, for Ollama."""
    model = _final_model(step)
    template = CHAT_TEMPLATE if step.config["chat"] else None
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
            chat_template=template,
        )
        step.out.adopt(name, path)
        step.out.metrics[f"bytes_{quantization}"] = step.out.files[name].bytes
    if template is not None:
        step.out.write_text(MODELFILE, modelfile(f"{step.config['name']}-{step.config['quantizations'][0]}.gguf"))


def parity(step: Step) -> None:
    """Prompts, token ids and logits of torch, transformers and llama.cpp, compared; of a chat model also chats."""
    set_threads(step.runtime.threads)  # as the other steps; else those that this process has run before decide
    config = {name: value for name, value in step.config.items() if name not in ("weights", "chat")}
    folder = step.out.workspace("parity")
    export = step.inputs["gguf"]
    model = _final_model(step)
    settings = ParityConfig.model_validate(config)
    texts = [record["text"] for record in read_records(step.inputs["documents"].path("holdout.jsonl.zst"))]
    exported: dict[str, Any] = {
        "tokenizer_file": step.inputs["tokenizer"].path("tokenizer.model"),
        "huggingface_folder": step.inputs["huggingface"].folder,
        "gguf_files": {
            Path(entry.path).stem.rpartition("-")[2]: export.path(entry.path)
            for entry in export.manifest.files
            if entry.path.endswith(".gguf")
        },
        "out_folder": folder,
        "threads": step.runtime.threads,
    }
    metrics = parity_report(model=model, texts=texts, settings=settings, chat=step.config["chat"], **exported)
    if step.config["chat"]:
        lines = sample_lines(texts, num_lines=NUM_CHAT_LINES, seed=settings.seed)
        metrics |= chat_parity_report(
            conversations=[*EXAMPLES, *conversations_of(lines)], context_length=model.config.context_length, **exported
        )
    _adopt_all(step, folder)
    step.out.metrics |= metrics


def _final_model(step: Step) -> Decoder:
    return load_decoder(step.inputs["stage"].folder, weights=step.config["weights"])


def _adopt_all(step: Step, folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        step.out.adopt(path.name, path)
