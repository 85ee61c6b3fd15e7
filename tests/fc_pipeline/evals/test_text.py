"""The evaluation step on a real tokenizer, real shards and a decoder that really learned."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from factories.build import build
from factories.documents import document, records
from factories.models import tiny_model
from safetensors.torch import save_file

from fc_model.artifacts import Artifact, Store
from fc_model.data.token_shards import Shards
from fc_model.data.windows import make_batch
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.text.config import EvalConfig
from fc_pipeline.evals.text.evaluate import evaluate
from fc_pipeline.experiments.graph import project_graph
from fc_pipeline.tokens.pack import pack_shards
from fc_pipeline.tokens.train_tokenizer import train_tokenizer

WORDS = {
    "chess": "the white bishop takes a pawn on e4 and black castles at once after Nf3",
    "code": "def mean(values): return sum(values) / len(values) if values else None for x in range(10)",
}
CONFIG = tiny_model(vocab_size=400, hidden_size=48, head_dim=12, intermediate_size=96, zero_init_outputs=False)
EVALS = EvalConfig(prompts={"chess": ["the white"], "code": ["def mean"]}, sample_tokens=16, control_tokens=300)


def write_split(step: Step) -> None:
    random = np.random.default_rng(0)
    for name, count in (("train", 60), ("holdout", 8)):
        with step.out.records(f"{name}.jsonl.zst") as write:
            for number in range(count):
                domain = ("chess", "code")[number % 2]
                text = " ".join(random.choice(WORDS[domain].split(), size=80)) + " naïve 日本"
                write(document(f"{name}/{number}", text, domain))


def stage_of(seed: int, steps: int, norm: float) -> Callable[[Step], None]:
    """`steps` of training from seeded weights, `norm` being those of the last norm; the average keeps the first."""

    def train(step: Step) -> None:
        torch.manual_seed(seed)
        model = Decoder(CONFIG)
        torch.nn.init.constant_(model.norm.weight, norm)
        folder = step.out.workspace("training")
        save_file(
            {name: weight.detach().clone() for name, weight in model.named_parameters()}, folder / "ema.safetensors"
        )
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        shards = Shards(step.inputs["shards"].folder)
        for number in range(steps):
            batch = make_batch(*shards.batch(number, 4, 64, seed=0))
            optimizer.zero_grad()
            model.loss(batch.ids_BT, batch.targets_BT, batch.document_BT).backward()
            optimizer.step()
        save_file({name: weight.detach() for name, weight in model.named_parameters()}, folder / "model.safetensors")
        step.out.write_text("config.json", CONFIG.model_dump_json())
        for name in ("model.safetensors", "ema.safetensors"):
            step.out.adopt(name, folder / name)

    return train


class World:
    """Everything before the evaluation, and the evaluation of any stage."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root)
        documents = self.build("corpus/c/split", write_split)
        weights = {"chess": 1.0, "code": 3.0}
        config = {"tokenizer": {"vocab_size": 400, "kind": "bpe"}, "weights": weights}
        self.tokenizer = self.build("t/tokenizer", train_tokenizer, config, documents=documents)
        mixture = {"tokens": 3000, "weights": weights, "max_epochs": 20}
        self.shards = self.build("t/shards", pack_shards, mixture, documents=documents, tokenizer=self.tokenizer)
        self.learned = self.stage("learned", seed=0, steps=70)
        self.random = self.stage("random", seed=1, steps=0)

    def build(self, key: str, function: Callable[[Step], None], config: Any = None, **inputs: Artifact) -> Artifact:
        return build(self.store, key, function, config, inputs, device="cpu")

    def stage(self, name: str, *, seed: int, steps: int, norm: float = 1.0) -> Artifact:
        config = {"model": CONFIG.model_dump(mode="json"), "stage": {"seq_len": 64}}
        return self.build(f"t/stages/{name}", stage_of(seed, steps, norm), config, shards=self.shards)

    def evaluate(self, stage: Artifact, *, before: Artifact | None = None, **changed: Any) -> Artifact:
        config = {"weights": changed.pop("weights", "ema"), **EVALS.model_copy(update=changed).model_dump(mode="json")}
        inputs = {"stage": stage, "shards": self.shards, "tokenizer": self.tokenizer}
        inputs |= {} if before is None else {"before": before}
        return self.build(f"t/evals/{stage.key.rpartition('/')[2]}", evaluate, config, **inputs)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    torch.set_num_threads(1)
    return World(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def learned(world: World) -> Artifact:
    return world.evaluate(world.learned, weights="model")


@pytest.fixture(scope="module")
def random(world: World) -> Artifact:
    return world.evaluate(world.random, weights="model")


def test_figures(world: World, learned: Artifact) -> None:
    texts = records(world.store.versions("corpus/c/split")[0], "holdout")
    for domain in ("chess", "code"):
        expected = sum(len(record["text"].encode()) for record in texts if record["domain"] == domain)
        assert learned.metrics[f"holdout_bytes_{domain}"] == expected
    metrics = learned.metrics
    assert metrics["holdout_bytes"] == metrics["holdout_bytes_chess"] + metrics["holdout_bytes_code"]
    pooled = sum(metrics[f"bits_per_byte_{d}"] * metrics[f"holdout_bytes_{d}"] for d in ("chess", "code"))
    assert metrics["bits_per_byte"] == pytest.approx(pooled / metrics["holdout_bytes"], abs=2e-6)
    report = json.loads(learned.path("metrics.json").read_text())
    assert report["mix"]["code"] == pytest.approx(0.75, abs=0.05)
    mixed = sum(report["mix"][d] * metrics[f"bits_per_byte_{d}"] for d in ("chess", "code"))
    assert metrics["bits_per_byte_mix"] == pytest.approx(mixed, abs=2e-5)


def test_gate_random_weights(learned: Artifact, random: Artifact) -> None:
    gate = Gate(artifact="evals/x", metric="unigram_gain", min=0.1)
    assert gate.verdict(learned.metrics)["passed"]
    assert not gate.verdict(random.metrics)["passed"]
    assert random.metrics["unigram_gain"] < 0
    assert learned.metrics["bits_per_byte_random"] > 1.5 * learned.metrics["bits_per_byte"]
    assert learned.metrics["unigram_bits_per_byte"] == random.metrics["unigram_bits_per_byte"]


def test_metrics_random_weights(learned: Artifact, random: Artifact) -> None:
    of_the_data = {name for name in learned.metrics if name.startswith(("holdout_", "unigram_bits"))}
    same = {name for name in learned.metrics if learned.metrics[name] == random.metrics[name]}
    # So little text is said that a ratio can be level by chance, at 0 or 1.
    assert same - {name for name in same if name.startswith(("distinct_", "repetition_"))} == of_the_data
    texts = [[record["text"] for record in records(a, "samples")] for a in (learned, random)]
    assert all(left != right for left, right in zip(*texts, strict=True))


def test_metrics_weights(world: World, learned: Artifact) -> None:
    averaged = world.evaluate(world.learned, weights="ema")
    assert learned.metrics["bits_per_byte"] == learned.metrics["bits_per_byte_model"]
    assert averaged.metrics["bits_per_byte"] == averaged.metrics["bits_per_byte_ema"]
    assert averaged.metrics["bits_per_byte_model"] == learned.metrics["bits_per_byte_model"]
    assert averaged.metrics["bits_per_byte"] > 1.5 * learned.metrics["bits_per_byte"]


def test_what_a_stage_costs_text(world: World, learned: Artifact, random: Artifact) -> None:
    assert "bits_per_byte_rise" not in learned.metrics
    same = world.evaluate(world.learned, before=world.learned, weights="model").metrics
    assert same["bits_per_byte_rise"] == 0
    forgot = world.evaluate(world.random, before=world.learned, weights="model").metrics
    expected = random.metrics["bits_per_byte"] / learned.metrics["bits_per_byte"] - 1
    assert forgot["bits_per_byte_rise"] == pytest.approx(expected, abs=2e-6) and expected > 0.5


def test_all_that_conversations_cost_text_counts() -> None:
    graph = project_graph(of="nano")
    text = "nano/stages/multimodal_full"
    assert {name: graph[f"nano/evals/{name}"].inputs["before"] for name in ("sft_chat", "sft_tools")} == {
        "sft_chat": text, "sft_tools": text,
    }  # fmt: skip
    assert "before" not in graph["nano/evals/multimodal_full"].inputs


def test_deterministic(world: World, learned: Artifact) -> None:
    digest = learned.digest
    world.store.remove(learned.key, learned.identity)
    assert world.evaluate(world.learned, weights="model").digest == digest


def test_samples(learned: Artifact) -> None:
    samples = records(learned, "samples")
    assert [(s["domain"], s["prompt"], s["decoding"]) for s in samples] == [
        (domain, prompt, decoding)
        for decoding in ("greedy", "drawn")
        for domain, prompt in (("chess", "the white"), ("code", "def mean"))
    ]
    assert samples[1]["text"].startswith("(values)")


def test_weights_not_finite(world: World) -> None:
    stage = world.stage("broken", seed=0, steps=0, norm=float("nan"))
    with pytest.raises(UserError, match=r"loss on chess is not finite: train t/stages/broken again"):
        world.evaluate(stage, weights="model")
