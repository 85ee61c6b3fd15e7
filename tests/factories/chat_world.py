"""The artifacts that the evaluation of chat reads, with a model that knows the held-out conversations by heart."""

from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from factories.build import build
from factories.learnt_model import PARALLEL, PRODUCT, SMALL_TALK, learn
from factories.tiny_exports import tiny_model, train_tokenizer
from fc_model.artifacts import Artifact, Store
from fc_model.chat.messages import Conversation, Message
from fc_model.model.decoder import Decoder
from fc_model.tokenizer import Tokenizer
from fc_pipeline.engine.step import Step, StepSpec
from fc_pipeline.evals.chat.evaluate import evaluate_chat
from fc_pipeline.instructions.document import conversation_document
from fc_pipeline.track.config import TrackConfig, parse_track, read_attributes
from fc_pipeline.track.graph import build_graph

PLAIN = Conversation((Message("user", "Who are you?"), Message("assistant", "A model.")))
MODEL = {**read_attributes("pico")["model"], "context_length": 512}
SFT = {"kind": "sft", "steps": 2, "seq_len": 128, "batch_tokens": 256, "lr": 0.001}


def track(chosen: dict[str, Any] | None, **fields: Any) -> TrackConfig:
    raw = read_attributes("pico")
    stages = {**raw["stages"], "sft_chat": SFT, "sft_tools": SFT}
    instructions = {"sources": ["chatterbot_dialogues"]}
    settings: dict[str, Any] = {
        "model": MODEL,
        "stages": stages,
        "instructions": instructions,
        "chat_evals": chosen,
        "gates": [],
    }
    return parse_track("pico", {**raw, **settings, **fields})


def specs(chosen: dict[str, Any] | None) -> list[StepSpec]:
    graph = build_graph([track(chosen)])
    return [graph[key] for key in graph if "/chat_evals/" in key]


def write_stage(decoder: Decoder) -> Any:
    def write(step: Step) -> None:
        folder = step.out.workspace("training")
        for name in ("ema.safetensors", "model.safetensors"):
            save_file({name: weight.detach() for name, weight in decoder.named_parameters()}, folder / name)
            step.out.adopt(name, folder / name)
        step.out.write_text("config.json", decoder.config.model_dump_json())

    return write


def record(conversation: Conversation, name: str, meta: dict[str, Any]) -> dict[str, Any]:
    return dict(conversation_document(conversation, name=name, source="s", licence="CC0-1.0", meta=meta))


def write_instructions(step: Step) -> None:
    with step.out.records("holdout.jsonl.zst") as write:
        write(record(SMALL_TALK, "s/talk", {"kind": "none needed", "blind": False}))
        write(record(PLAIN, "s/plain", {}))


def write_dialogues(step: Step) -> None:
    with step.out.records("holdout.jsonl.zst") as write:
        write(record(PRODUCT, "d/known", {"kind": "single", "blind": False}))
    with step.out.records("blind.jsonl.zst") as write:
        write(record(PARALLEL, "d/blind", {"kind": "several", "blind": True}))


def write_documents(step: Step) -> None:
    with step.out.records("holdout.jsonl.zst") as write:
        for number in range(6):
            write({"id": f"d/{number}", "text": f"Held out: text number {number} about ships, stars and tables."})
        write({"id": "d/short", "text": "Too short"})


class ChatWorld:
    """Everything before the step."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root / "store")
        file = train_tokenizer(root, model_type="unigram")
        learnt = learn((PRODUCT, SMALL_TALK, PARALLEL), Tokenizer(file))

        def write_tokenizer(step: Step) -> None:
            with step.out.open("tokenizer.model") as out:
                out.write(file.read_bytes())

        self.inputs = {
            "stage": build(self.store, "pico/stages/sft_tools", write_stage(learnt)),
            "against": build(self.store, "pico/stages/base", write_stage(tiny_model(context_length=512))),
            "tokenizer": build(self.store, "pico/tokenizer", write_tokenizer),
            "instructions": build(self.store, "pico/instructions", write_instructions),
            "held_out/tool_dialogues": build(self.store, "pico/tool_dialogues", write_dialogues),
            "documents": build(self.store, "corpus/c/split", write_documents),
        }

    def build(self, **changes: Any) -> Artifact:
        chosen = {"max_prompts": 4, "max_reply_tokens": 100, "control_items": 3, "win_rate": {"against": "sft_chat"}}
        (spec,) = specs(chosen | changes)
        return build(self.store, spec.key, evaluate_chat, spec.config, self.inputs, replace=True)
