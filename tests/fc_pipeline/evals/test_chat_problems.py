"""Problems with a chain of thought in the evaluation of chat: asked of a model that knows some by heart."""

import json
from pathlib import Path
from typing import Any

import pytest
from factories.build import build
from factories.learnt_model import learn
from factories.tiny_exports import train_tokenizer
from safetensors.torch import save_file

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.chat.messages import Conversation, Message
from fc_model.evals.chat.answers import Answer
from fc_model.evals.chat.replies import Written
from fc_model.tokenizer import Tokenizer
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.chat.config import ChatEvalsConfig
from fc_pipeline.evals.chat.evaluate import evaluate_chat
from fc_pipeline.evals.chat.pages import chat_page
from fc_pipeline.evals.chat.problems import problem_scores
from fc_pipeline.instructions.document import conversation_document

KNOWN = (
    ("units", "Turn 2 km into m.", "2 * 1000 = 2000", "It is 2,000.", "2000"),
    ("story", "Add 2 and 3.", "2 + 3 = 5\n5 + 0 = 5", "5", "5"),
)
WRONG = ("story", "Add 4 and 4.", "4 + 4 = 9", "It is 9.", "8")
"""What the model has learnt is not what is expected."""


def conversation(question: str, reasoning: str, reply: str) -> Conversation:
    return Conversation((Message("user", question), Message("assistant", reply, reasoning)))


def write_problems(step: Step) -> None:
    with step.out.records("holdout.jsonl.zst") as write:
        for number, (family, question, reasoning, reply, value) in enumerate((*KNOWN, WRONG)):
            answer = Answer(kind="number", value=value, chance=0.1)
            meta = {"kind": f"reasoning/{family}/x", "answer": answer.to_record()}
            name = f"reasoning/holdout#{number}"
            one = conversation(question, reasoning, reply)
            write(dict(conversation_document(one, name=name, source="reasoning", licence="CC0-1.0", meta=meta)))


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    root = tmp_path_factory.mktemp("problems")
    store, file = Store(root / "store"), train_tokenizer(root, model_type="unigram")
    decoder = learn([conversation(*row[1:4]) for row in (*KNOWN, WRONG)], Tokenizer(file))

    def write_stage(step: Step) -> None:
        folder = step.out.workspace("training")
        save_file({name: weight.detach() for name, weight in decoder.named_parameters()}, folder / "model.safetensors")
        step.out.adopt("model.safetensors", folder / "model.safetensors")
        step.out.write_text("config.json", decoder.config.model_dump_json())

    def write_tokenizer(step: Step) -> None:
        with step.out.open("tokenizer.model") as out:
            out.write(file.read_bytes())

    def write_nothing(step: Step) -> None:
        with step.out.records("holdout.jsonl.zst"):
            pass

    inputs = {
        "stage": build(store, "talk/stages/sft", write_stage),
        "tokenizer": build(store, "talk/tokenizer", write_tokenizer),
        "instructions": build(store, "talk/instructions", write_nothing),
        "documents": build(store, "corpus/c/split", write_nothing),
        "held_out/reasoning": build(store, "talk/reasoning", write_problems),
    }
    chosen: dict[str, Any] = {"max_problem_tokens": 100, "control_items": 2, "win_rate": None}
    config = {"weights": "model", **ChatEvalsConfig(**chosen).model_dump(mode="json", exclude={"stages"})}
    return build(store, "talk/chat_evals/sft", evaluate_chat, config, inputs)


def test_metrics(artifact: Artifact) -> None:
    metrics = artifact.metrics
    assert metrics["exact_answers"] == pytest.approx(2 / 3, abs=1e-6) and metrics["exact_answers_items"] == 3
    assert metrics["exact_answers_in_units"] == 1 and metrics["exact_answers_in_story"] == 0.5
    assert metrics["exact_answers_chance"] == pytest.approx(0.1) and metrics["exact_answers_random"] == 0
    assert metrics["true_equations"] == 0.75 and metrics["true_equations_items"] == 4
    assert metrics["problems_too_long"] == 0 and metrics["exact_answers_low"] < metrics["exact_answers_high"]


def test_every_problem_is_kept_with_its_reply(artifact: Artifact) -> None:
    records = {record["id"]: record for record in read_records(artifact.path("items.jsonl.zst"))}
    right = records["reasoning/holdout#0"]
    assert right["reply"] == "It is 2,000." and right["reasoning"] == "2 * 1000 = 2000" and right["expected"] == "2000"
    assert records["reasoning/holdout#2"]["scores"] == {"exact_answers": [0.0], "true_equations": [0.0]}


def test_page(artifact: Artifact) -> None:
    assert "| the answer is right | units | 1 | 100.0%" in chat_page(artifact)["Problems with a chain of thought"]
    assert json.loads(Path(artifact.path("metrics.json")).read_text("utf-8"))["left_out"]["problems_too_long"] == 0


def test_a_reply_that_does_not_end_or_is_empty_is_wrong() -> None:
    answer = Answer(kind="number", value="5")
    assert problem_scores(answer, Written(text="5", ended=True))["exact_answers"] == [1.0]
    assert problem_scores(answer, Written(text="5"))["exact_answers"] == [0.0]
    assert problem_scores(answer, Written(reasoning="5", ended=True))["exact_answers"] == [0.0]
