"""The exports of a stage that trained on conversations have the chat format; those of another stage claim none."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from factories.build import build
from factories.tiny_exports import python_sources, tiny_model, train_tokenizer
from gguf import GGUFReader
from safetensors.torch import save_file

from fc_model.artifacts import Artifact, Store
from fc_model.chat.template import CHAT_TEMPLATE
from fc_model.export.exact_scores import round_scores
from fc_pipeline.engine.step import Step
from fc_pipeline.exports.export import gguf, huggingface, parity
from fc_pipeline.exports.part import export_steps
from fc_pipeline.track.config import load_tracks

PARITY = {"num_prompts": 2, "prompt_length": 16, "continuation_length": 4, "num_lines": 50}


def write_stage(step: Step) -> None:
    model = tiny_model()
    file = step.out.workspace("training") / "model.safetensors"
    save_file({name: weight.detach().clone() for name, weight in model.named_parameters()}, file)
    step.out.adopt("model.safetensors", file)
    step.out.write_text("config.json", model.config.model_dump_json())


def write_tokenizer(step: Step) -> None:
    trained = train_tokenizer(step.out.workspace("tokenizer"), model_type="unigram")
    with step.out.open("tokenizer.model") as file:
        file.write(round_scores(trained.read_bytes()))


def write_holdout(step: Step) -> None:
    with step.out.records("holdout.jsonl.zst") as write:
        for text in python_sources("json"):
            write({"text": text})


@dataclass
class Exported:
    huggingface: Artifact
    gguf: Artifact
    parity: Artifact

    @property
    def gguf_keys(self) -> set[str]:
        return {str(field) for field in GGUFReader(self.gguf.path("tiny-f16.gguf")).fields}


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Exported]:
    """The three steps, of a chat model or of a base model."""
    store = Store(tmp_path_factory.mktemp("store"))
    tokenizer = build(store, "t/tokenizer", write_tokenizer)
    documents = build(store, "corpus/c/split", write_holdout)
    stage = build(store, "t/stages/last", write_stage)

    def run(chat: bool) -> Exported:
        inputs = {"stage": stage, "tokenizer": tokenizer}
        about = {"name": "tiny", "description": "", "weights": "model", "chat": chat}
        folder = build(store, "t/exports/huggingface", huggingface, about, inputs)
        files = build(store, "t/exports/gguf", gguf, {**about, "quantizations": ["f16"]}, inputs)
        compared = inputs | {"huggingface": folder, "gguf": files, "documents": documents}
        return Exported(
            folder, files, build(store, "t/parity", parity, {"weights": "model", "chat": chat, **PARITY}, compared)
        )

    return run


def test_a_stage_of_conversations(export: Callable[[bool], Exported]) -> None:
    exported = export(True)
    assert exported.huggingface.path("chat_template.jinja").read_text("utf-8") == CHAT_TEMPLATE
    generation = json.loads(exported.huggingface.path("generation_config.json").read_text("utf-8"))
    assert generation["eos_token_id"] == [2, 5]
    assert {"tokenizer.chat_template", "tokenizer.ggml.eot_token_id"} <= exported.gguf_keys
    lines = exported.gguf.path("Modelfile").read_text("utf-8").splitlines()
    assert (lines[0], lines[-1]) == ("FROM ./tiny-f16.gguf", 'PARAMETER stop "<im_end>"')

    metrics = exported.parity.metrics
    assert metrics["chat_conversations"] == 4 + 100 and metrics["chat_prefixes"] > 300
    assert metrics["chat_mask_tokens"] > 1000
    assert {name for name in metrics if name.startswith("chat_") and name.endswith("_failures")} == {
        "chat_prefix_failures",
        "chat_template_prefix_failures",
        "chat_mask_failures",
        "chat_stop_failures",
    }
    for name, value in metrics.items():
        if name.endswith(("_failures", "_unexplained")):
            assert value == 0, name
    assert metrics["huggingface_chat_match"] == 1 and metrics["gguf_f16_chat_match"] > 0.9
    assert metrics["tokenizer_match_hf"] == 1


def test_a_base_model_claims_no_chat_template(export: Callable[[bool], Exported]) -> None:
    exported = export(False)
    files = {entry.path for artifact in (exported.huggingface, exported.gguf) for entry in artifact.manifest.files}
    assert files.isdisjoint({"chat_template.jinja", "Modelfile"})
    assert json.loads(exported.huggingface.path("generation_config.json").read_text("utf-8"))["eos_token_id"] == 2
    assert exported.gguf_keys.isdisjoint({"tokenizer.chat_template", "tokenizer.ggml.eot_token_id"})
    assert not [name for name in exported.parity.metrics if "chat" in name]


def test_a_track_with_a_stage_of_conversations_exports_a_chat_model() -> None:
    track = load_tracks()["pico"]
    base = list(export_steps(track, ()))
    stage = track.stages[track.final_stage].model_copy(update={"kind": "sft"})
    stages = {**track.stages, track.final_stage: stage}
    chat = list(export_steps(track.model_copy(update={"stages": stages}), ()))
    assert [step.config["chat"] for step in base] == [False] * 3
    assert [step.config["chat"] for step in chat] == [True] * 3
