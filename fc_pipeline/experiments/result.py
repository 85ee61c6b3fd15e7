"""The step that makes `experiments/<name>/result`: variants side by side."""

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from fc_model.artifacts import Artifact
from fc_model.errors import UserError
from fc_pipeline.engine.step import Step
from fc_pipeline.experiments.comparison import Compared, Noise, compare
from fc_pipeline.experiments.config import BASELINE
from fc_pipeline.experiments.picture import picture
from fc_pipeline.experiments.text import PICTURE, TEXT, result_text

_BITS = "bits_per_byte"
_OF_OTHER_WEIGHTS = ("bits_per_byte_model", "bits_per_byte_ema", "bits_per_byte_random")


def write_result(step: Step) -> None:
    """Writes result.json, result.md and result.png.

    config: name, description, track, tokens, seeds, metric, variants. inputs: `evals/<variant>.s<seed>`, and
    `data/<part>/<variant>` for each step from the filters to the shards. Metrics: the mean and the difference of every
    variant, and noise_limit, below which a difference says nothing.

    Raises:
        UserError: the evaluations have no such metric.
    """
    config = step.config
    metrics = _measured(step)
    if config["metric"] not in metrics:
        raise UserError(f"{step.key}: the evaluations have no metric {config['metric']!r}; there are: {list(metrics)}")
    compared = {name: compare(values, baseline=BASELINE) for name, values in metrics.items()}
    result = {
        **config,
        "metrics": {name: _as_json(*found) for name, found in compared.items()},
        "data": {name: _documents(step, name) for name in config["variants"]},
        "holdout": _holdout(step),
    }
    step.out.write_text("result.json", json.dumps(result, indent=1, allow_nan=False) + "\n")
    step.out.write_text(TEXT, result_text(result))
    variants, noise = compared[config["metric"]]
    with step.out.open(PICTURE) as file:
        file.write(picture(variants, noise, metric=config["metric"], title=config["name"]))
    step.out.metrics = {
        "variants": len(variants),
        "seeds": len(config["seeds"]),
        **{f"{config['metric']}_{name}": round(found.mean, 6) for name, found in variants.items()},
        **{f"difference_{name}": round(found.difference, 6) for name, found in variants.items() if name != BASELINE},
    }
    if noise.limit is not None:
        step.out.metrics["noise_limit"] = round(noise.limit, 6)


def _measured(step: Step) -> dict[str, dict[str, list[float]]]:
    """Metric -> variant -> values in the order of the seeds: bits per byte over all, by mix and by domain."""
    first = step.inputs[f"evals/{BASELINE}.s{step.config['seeds'][0]}"].metrics
    names = sorted(name for name in first if name.startswith(_BITS) and name not in _OF_OTHER_WEIGHTS)
    return {
        metric: {
            variant: [step.inputs[f"evals/{variant}.s{seed}"].metrics[metric] for seed in step.config["seeds"]]
            for variant in step.config["variants"]
        }
        for metric in names
    }


def _as_json(variants: dict[str, Compared], noise: Noise) -> dict[str, Any]:
    return {"noise": asdict(noise), "variants": {name: asdict(found) for name, found in variants.items()}}


def _documents(step: Step, variant: str) -> dict[str, Any]:
    """What became of the documents: read by the filters, dropped by reason, trained on; tokens that there are.

    Tokens are those of all documents to train on, each counted once; epochs says how often the shards repeat them.
    """
    parts = _parts(step, variant)
    shards, split = parts["shards"].metrics, parts["split"].metrics
    epochs = {name.removeprefix("epochs_"): value for name, value in shards.items() if name.startswith("epochs_")}
    dropped: Counter[str] = Counter()
    read = 0
    for part, artifact in parts.items():
        if part != "shards":  # what is over the budget of the shards is no worse for it
            dropped.update(artifact.manifest.counters.dropped)
        if "filtered" in part.split("/"):
            read += artifact.manifest.counters.read
    return {
        "read": read,
        "documents": int(split["train_documents"]),
        "bytes": int(split["train_bytes"]),
        "tokens": round(sum(shards[f"tokens_{domain}"] / times for domain, times in epochs.items())),
        "share": {domain: shards[f"share_{domain}"] for domain in sorted(epochs)},
        "epochs": {domain: epochs[domain] for domain in sorted(epochs)},
        "dropped": dict(sorted(dropped.items())),
    }


def _parts(step: Step, variant: str) -> dict[str, Artifact]:
    """The artifacts of a variant's documents, by part, such as `filtered` or `dumps/filtered/2026-11`."""
    roles = (role for role in step.inputs if role.startswith("data/") and role.endswith(f"/{variant}"))
    return {role.removeprefix("data/").removesuffix(f"/{variant}"): step.inputs[role] for role in roles}


def _holdout(step: Step) -> dict[str, int]:
    """Size of what all were scored on."""
    metrics = step.inputs[f"evals/{BASELINE}.s{step.config['seeds'][0]}"].metrics
    return {"bytes": int(metrics["holdout_bytes"]), "tokens": int(metrics["holdout_tokens"])}
