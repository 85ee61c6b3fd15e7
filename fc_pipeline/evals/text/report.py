"""The report on held-out text: bits per byte by domain after each stage of text, beside its controls, and samples."""

import json
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.report.figures import KeyFigure

_METRICS = {"bits_per_byte": "Bits per byte", "perplexity": "Perplexity a token"}


def quality(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"evals": per evaluated stage the figures of metrics.json, those of the judged weights under `chosen`}."""
    evals = [_eval(artifact) for artifact in artifacts if "/evals/" in artifact.key]
    if not evals:
        return None
    last = evals[-1]
    overall, domains = last["chosen"]["overall"], last["chosen"]["domains"]
    return {
        "evals": evals,
        "last": last,
        "figures": [
            KeyFigure(
                overall["bits_per_byte"],
                "held-out bits per byte",
                last["artifact"],
                "amount",
                "What the model needs to tell a byte of text that it never read; lower is better.",
                1,
            ),
            KeyFigure(
                1 - overall["bits_per_byte"] / last["unigram"]["overall"]["bits_per_byte"],
                "better than token frequencies",
                last["artifact"],
                "percent",
                "Saved of the bits that a model of frequencies alone needs; near zero, no order of words was learnt.",
                1,
            ),
        ],
        "row": {
            **{name: overall.get(name) for name in ("bits_per_byte", "bits_per_byte_mix", "perplexity")},
            "domains": {name: one["bits_per_byte"] for name, one in domains.items()},
            "weights": last["weights"],
            "stage": last["name"],
        },
        "results": [_result("all", overall), *(_result(domain, one) for domain, one in domains.items())],
    }


def samples(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """Of the last evaluated stage: {"artifact", "texts": [{"domain", "prompt", "decoding", "temperature", "text"}]}."""
    evals = [artifact for artifact in artifacts if "/evals/" in artifact.key]
    texts = list(read_records(evals[-1].path("samples.jsonl.zst"))) if evals else []
    return {"artifact": evals[-1], "texts": texts} if texts else None


def _eval(artifact: Artifact) -> dict[str, Any]:
    figures = json.loads(artifact.path("metrics.json").read_text("utf-8"))
    other = "model" if figures["weights"] == "ema" else "ema"
    return {
        "name": artifact.key.rpartition("/")[2],
        "artifact": artifact,
        **figures,
        "chosen": figures[figures["weights"]],
        "other": figures[other],
    }


def _result(domain: str, figures: dict[str, float]) -> dict[str, Any]:
    """An entry of the model card's `model-index`, in the fields of the Hugging Face hub.

    The hub's readers join entries of one type and config, whatever their names.
    """
    return {
        "task": {"type": "text-generation"},
        "dataset": {"name": f"held-out documents: {domain}", "type": "held-out", "config": domain},
        "metrics": [{"type": kind, "value": figures[kind], "name": label} for kind, label in _METRICS.items()],
    }
