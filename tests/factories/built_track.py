"""A small built track: real artifacts in a real store, made by the real cleaning steps from hostile documents."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from factories.build import build
from factories.documents import document
from factories.gates import waived
from factories.models import MODEL
from fc_model.artifacts import Artifact, Store
from fc_model.data.token_shard_writer import SplitWriter, write_index
from fc_pipeline.corpus.decontaminate import decontaminate
from fc_pipeline.corpus.deduplicate import deduplicate
from fc_pipeline.corpus.filter_documents import filter_documents
from fc_pipeline.corpus.filter_quality import measure_filters
from fc_pipeline.corpus.split import split
from fc_pipeline.engine.gates import Gate, SharedGate, judge
from fc_pipeline.engine.step import Step

SCRIPT = "<script>alert('owned')</script>"
HOSTILE_PROMPT = f"</pre>{SCRIPT}\x1b[31m\u202e```"
COPIES = (10, *range(46, 53))
LEAKED = "a knight on the seventh rank forks king and queen because nobody guards the square behind this pawn"
LEAKED_ITEM = f"tactics/7{SCRIPT}"
FILTERS = [
    {"kind": "length", "min_chars": 100},
    {"kind": "quality", "max_symbol_ratio": 0.2, "min_alphabetic_words": 0.2, "min_stop_words": 0},
]
TRAINED = {
    "loss_first": 4.1, "loss_final": 1.25, "steps": 400, "tokens": 819_200, "flops": 1e12, "seconds": 133.0,
    "tokens_per_second": 6159.4, "nan_count": 0, "stopped_early": 0,
}  # fmt: skip
DOMAINS = ("chess", "code", "science")
WEIGHTS = {"science": 50, "code": 30, "chess": 20}


class Builder:
    """Makes artifacts one after another, each from those before it."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root)
        self.built: dict[str, Artifact] = {}

    def __call__(
        self,
        key: str,
        function: Callable[[Step], None],
        *,
        config: dict[str, Any] | None = None,
        inputs: dict[str, str] | None = None,
        gates: tuple[Gate, ...] = (),
        run: dict[str, Any] | None = None,
    ) -> Artifact:
        artifacts = {role: self.built[name] for role, name in (inputs or {}).items()}

        def whole(step: Step) -> None:
            function(step)
            entries = {e["source"]: e for artifact in artifacts.values() for e in artifact.manifest.licences}
            step.out.licences = step.out.licences or [entries[source] for source in sorted(entries)]
            step.out.gates = judge(step.out.metrics, list(gates))
            step.out.run |= {"seconds": 75.5, "cpu_seconds": 140.25, "peak_memory_bytes": 1_234_567_890}
            step.out.run |= {"committed_at": 1.0, **(run or {})}

        self.built[key] = build(self.store, key, whole, config, artifacts)
        return self.built[key]


def _source(step: Step) -> None:
    words = "the bishop moves along its diagonal and takes a pawn while seven rooks wait on open files for white"
    random = np.random.default_rng(0)
    with step.out.records("documents.jsonl.zst") as write:
        for number in range(90):
            body = " ".join(random.choice(words.split(), size=120)) + ". "
            unlike = "short" if number % 9 == 0 else f"{SCRIPT if number % 10 == 1 else ''} {body}"
            unlike += f"{LEAKED}." if number == 20 else ""
            text = "a copy of one text, word for word. " * 8 if number in COPIES else unlike
            record = document(f"games/{number}{SCRIPT if number == 0 else ''}", text, DOMAINS[number % 3])
            write(record | {"source": "games", "licence": "CC-BY-4.0"})
    step.out.counters.read = step.out.counters.kept = 90
    step.out.licences = [{"licence": "CC-BY-4.0", "source": "games", "documents": 90}]


def _evalset(step: Step) -> None:
    with step.out.records("items.jsonl.zst") as write:
        for number in range(8):
            text = f"what does the solver of puzzle {number} see first " + " ".join(f"w{number}x{n}" for n in range(20))
            write({"id": f"tactics/{number}", "text": text, "answer": "mate"})
        write({"id": LEAKED_ITEM, "text": LEAKED, "answer": "fork"})


def _tokenizer(step: Step) -> None:
    step.out.write_text("tokenizer.model", "pieces")
    step.out.metrics |= {"vocab_size": 64, "bytes_per_token": 3.21}


def _shards(step: Step) -> None:
    splits = {}
    with step.out.records("documents.jsonl.zst") as write:
        for row, domain in enumerate(DOMAINS):
            write({"id": f"a/{row}", "domain": domain, "tokens": 100 * (row + 1)})
    for name, domains in (("train", DOMAINS), *((f"holdout-{domain}", (domain,)) for domain in DOMAINS)):
        with SplitWriter(step.out.open, name, vocab_size=64, shard_tokens=10_000) as writer:
            for row, domain in enumerate(domains):
                ids = np.full(100 * (row + 1), 7)
                writer.add(ids, row=row, domain=domain, num_bytes=3 * len(ids))
        splits[name] = writer.summary()
    write_index(step.out.open, splits=splits, token_bytes=np.full(64, 3), tokenizer_fingerprint="f" * 64, eos_id=2)


def _stage(step: Step) -> None:
    lines = []
    for number in range(10, 401, 10):
        loss = 1.2 + 2.9 * math.exp(-number / 90) + 0.03 * math.sin(number)
        line: dict[str, Any] = {"step": number, "loss": loss, "bpb": loss / 2.2, "lr": 1e-3 * (1 - number / 420)}
        line |= {"grad_norm": 2 / number**0.5, "tokens_per_second": 5200 + 90 * math.sin(number), "seconds": number / 3}
        if number % 100 == 0:
            line |= {"holdout_loss": loss + 0.1, "holdout_bpb": loss / 2.1, "ema_loss": loss, "ema_bpb": loss / 2.2}
        lines.append(json.dumps(line) + "\n")
    step.out.write_text("metrics.jsonl", "".join(lines), content=False)
    step.out.metrics |= TRAINED | {"parameters": 12_345, "mfu": 0.4}


def _evals(step: Step) -> None:
    def figures(bits: float) -> dict[str, Any]:
        each = {"perplexity": 2**bits, "tokens": 4000, "bytes": 12_000}
        domains = {name: {"bits_per_byte": bits + place / 10, **each} for place, name in enumerate(DOMAINS)}
        overall = {"bits_per_byte": bits + 0.1, **each, "tokens": 12_000, "bytes": 36_000}
        return {"overall": {**overall, "bits_per_byte_mix": bits + 0.12}, "domains": domains}

    report = {"weights": "ema", "window": 64, "stride": 64, "precision": "fp32", "mix": {}, "ema": figures(1.4)}
    report |= {"model": figures(1.45), "unigram": figures(3.1), "random": figures(6.6)}
    step.out.write_text("metrics.json", json.dumps(report))
    with step.out.records("samples.jsonl.zst") as write:
        for domain in DOMAINS:
            for decoding, temperature in (("greedy", 0.0), ("drawn", 0.8)):
                text = f" goes on & on {SCRIPT}\n" + "1. e4 e5 2. Nf3 Nc6 " * 4
                sample = {"domain": domain, "prompt": HOSTILE_PROMPT, "decoding": decoding}
                write({**sample, "temperature": temperature, "text": text})
    step.out.metrics |= {"bits_per_byte": 1.5, "unigram_gain": 0.53, "tokens_per_second": 21_000.0}


def _benchmarks(step: Step) -> None:
    score = {"value": 0.4175, "low": 0.35125, "high": 0.48375}
    figures = {"shots": 0, "items": 200, "chance": 0.25, "truncated_items": 3, "random": {"items": 100, **score}}
    arc = {"scores": {"accuracy": score, "accuracy_norm": score}, "clean": {"items": 190, **score}}
    tasks = {"arc_easy": {**figures, **arc}, "gsm8k": {**figures, "scores": {"accuracy": score}}}
    step.out.write_text("metrics.json", json.dumps({"weights": "ema", "precision": "fp32", "tasks": tasks}))


def _chat_evals(step: Step) -> None:
    share = {"items": 40, "value": 0.625, "low": 0.4725, "high": 0.7775, "random_items": 20}
    rows = [
        {"table": "bounded", "score": "exact_calls", "group": "all", "chance": None, "random": 0.0, **share},
        {"table": "win_rate", "score": "wins_of_decided", "group": "all", "chance": 0.5, "random": None, **share},
    ]
    left_out = {"turns_too_long": 2, "turns_unenforceable": 1, "turns_not_grounded": 4, "problems_too_long": 3}
    win_rate = {"against": "first", "judge": {"kind": "rules"}, "max_openings": 50}
    figures = {"weights": "ema", "grounding": "conversation", "win_rate": win_rate, "left_out": left_out, "rows": rows}
    step.out.write_text("metrics.json", json.dumps(figures))
    step.out.write_text("failures.json", "{}")


def _export(step: Step) -> None:
    step.out.write_text(f"nano-{step.key.rpartition('/')[2]}.bin", "weights" * 1000)


def _parity(step: Step) -> None:
    for runtime, worst in (("huggingface", 1e-5), ("gguf_f16", 0.004), ("gguf_q8_0", 0.11)):
        step.out.metrics |= {
            f"{runtime}_top1": 1 - worst / 10,
            f"{runtime}_max_logit_diff": worst,
            f"{runtime}_kl": worst / 900,
        }
    step.out.metrics["parity_prompts"] = 23
    step.out.write_text("parity.json", "{}")


def build_track(root: Path) -> Builder:
    """Everything of a track but its report."""
    track = Builder(root)
    track("sources/games", _source)
    track("corpus/small/filtered", filter_documents, inputs={"games": "sources/games"})
    track("corpus/small/deduplicated", deduplicate, inputs={"documents": "corpus/small/filtered"})
    track("evalsets/tactics", _evalset)
    track(
        "corpus/small/decontaminated",
        decontaminate,
        config={"evalsets": ["tactics"]},
        inputs={"documents": "corpus/small/deduplicated", "evalsets/tactics": "evalsets/tactics"},
    )
    measured = {"artifact": "corpus/filter_quality", "metric": "recall_min"}
    track(
        "corpus/small/filter_quality",
        measure_filters,
        config={"filtering": {"filters": FILTERS}},
        gates=(SharedGate(**measured, min=0.5, track="nano"), SharedGate(**measured, min=0.99, track="strict")),
    )
    cleaned = {"documents": "corpus/small/deduplicated", "decontaminated": "corpus/small/decontaminated"}
    track("corpus/small/split", split, config={"min_documents": 2}, inputs=cleaned)
    track("nano/tokenizer", _tokenizer, inputs={"documents": "corpus/small/split"})
    inputs = {"documents": "corpus/small/split", "tokenizer": "nano/tokenizer"}
    track("nano/shards", _shards, config={"weights": WEIGHTS}, inputs=inputs)
    start: dict[str, str] = {}
    for name in ("first", "second"):
        stage: dict[str, Any] = {"name": name, "steps": 400, "seq_len": 64, "batch_tokens": 2048, "lr": 1e-3}
        stage |= {"kind": "pretrain", "optimizer": {"kind": "adamw"}, "schedule": {"kind": "wsd"}}
        track(
            f"nano/stages/{name}",
            _stage,
            config={"model": MODEL, "stage": stage},
            inputs={"shards": "nano/shards", **start},
            run={"mlflow_run_id": f"run-of-{name}"},
        )
        start = {"start": f"nano/stages/{name}"}
        gate = Gate(artifact=f"evals/{name}", metric="bits_per_byte", max=1.6, why="three seeds, worst + 0.05")
        strict = waived(Gate(artifact=f"evals/{name}", metric="unigram_gain", min=0.6), f"small corpus {SCRIPT}")
        inputs = {"stage": f"nano/stages/{name}", "shards": "nano/shards", "tokenizer": "nano/tokenizer"}
        track(f"nano/evals/{name}", _evals, inputs=inputs, gates=(gate, strict) if name == "second" else ())
    track("nano/benchmarks/second", _benchmarks, inputs={"stage": "nano/stages/second"})
    track("nano/chat_evals/second", _chat_evals, inputs={"stage": "nano/stages/second"})
    final = {"stage": "nano/stages/second", "tokenizer": "nano/tokenizer"}
    track("nano/exports/huggingface", _export, inputs=final)
    track("nano/exports/gguf", _export, inputs=final)
    exports = {"huggingface": "nano/exports/huggingface", "gguf": "nano/exports/gguf"}
    track(
        "nano/parity",
        _parity,
        inputs={**final, **exports},
        gates=(waived(Gate(artifact="parity", metric="gguf_q8_0_kl", max=0.01), "in case"),),
    )
    return track
