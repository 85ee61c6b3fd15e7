"""The step that makes `experiments/<name>/result`: the comparison of the variants."""

import difflib
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.engine.step import Step
from fc_pipeline.experiments.comparison import Better, Compared, Noise, compare
from fc_pipeline.experiments.config import BASELINE
from fc_pipeline.experiments.result_text import PICTURE, TEXT, result_text

_OF_OTHER_WEIGHTS = ("bits_per_byte_model", "bits_per_byte_ema", "bits_per_byte_random")
_COLOURS = {"better": "#2b8a3e", "worse": "#c92a2a"}
_SIDES: dict[Better, str] = {"less": "left", "more": "right"}
_GREY = "#868e96"
_HELD_OUT = {"bytes": "holdout_bytes", "tokens": "holdout_tokens", "samples": "samples"}


def write_result(step: Step) -> None:
    """Writes result.json, result.md and result.png.

    config: name, description, track, start, stages (name -> steps or tokens), seeds, metric, better, also (metric,
    which may end in `*`, -> better), variants, vision (variant -> fusion, encoder_parameters, fusion_parameters, tokens
    by group). inputs: `<part>/<variant>.s<seed>` of each evaluation after the last stage, and `data/<part>/<variant>`
    for each step from the filters to the shards, unless all read the same. Metrics: the mean of every variant by each
    metric that config names in full, its difference to the baseline, and noise_limit, below which a difference is
    within the noise.

    Raises:
        UserError: the evaluations have no such metric.
    """
    config = step.config
    scores = {
        variant: [_scores(step, f"{variant}.s{seed}") for seed in config["seeds"]] for variant in config["variants"]
    }
    first = scores[BASELINE][0]
    metrics: dict[str, Better] = {config["metric"]: config["better"], **config["also"]}
    shown = _expand(metrics, first)
    compared = {
        metric: compare(
            {variant: [_score(step, own, metric) for own in each] for variant, each in scores.items()},
            baseline=BASELINE,
            better=better,
        )
        for metric, better in shown.items()
    }
    result = {
        **config,
        "metrics": {
            metric: {
                "better": shown[metric],
                "noise": asdict(noise),
                "variants": {name: asdict(own) for name, own in variants.items()},
            }
            for metric, (variants, noise) in compared.items()
        },
        "holdout": {name: int(first[metric]) for name, metric in _HELD_OUT.items() if metric in first},
    }
    if any(role.startswith("data/") for role in step.inputs):
        result["data"] = {variant: _documents(step, variant) for variant in config["variants"]}
    step.out.write_text("result.json", json.dumps(result, indent=1, allow_nan=False) + "\n")
    step.out.write_text(TEXT, result_text(result))
    deciding, noise = compared[config["metric"]]
    with step.out.open(PICTURE) as file:
        file.write(picture(deciding, noise, metric=config["metric"], title=config["name"], better=config["better"]))
    step.out.metrics = {
        "variants": len(deciding),
        "seeds": len(config["seeds"]),
        **{
            f"{metric}_{name}": round(own.mean, 6)
            for metric in metrics
            if metric in compared
            for name, own in compared[metric][0].items()
        },
        **{f"difference_{name}": round(own.difference, 6) for name, own in deciding.items() if name != BASELINE},
    }
    if noise.limit is not None:
        step.out.metrics["noise_limit"] = round(noise.limit, 6)


def _scores(step: Step, partition: str) -> dict[str, Any]:
    roles = [role for role in step.inputs if role.endswith(f"/{partition}") and not role.startswith("data/")]
    return {name: value for role in roles for name, value in step.inputs[role].metrics.items()}


def _expand(metrics: dict[str, Better], scores: dict[str, Any]) -> dict[str, Better]:
    """Metrics by their full names: a pattern with `*` becomes all metrics that match it, of the judged weights."""
    shown: dict[str, Better] = {}
    for name, better in metrics.items():
        if "*" not in name:
            shown[name] = better
            continue
        matching = sorted(other for other in scores if fnmatchcase(other, name) and other not in _OF_OTHER_WEIGHTS)
        shown |= {other: better for other in matching if other not in metrics}
    return shown


def _score(step: Step, scores: dict[str, Any], metric: str) -> float:
    if metric not in scores:
        close = difflib.get_close_matches(metric, sorted(scores), n=3, cutoff=0.3) or sorted(scores)
        raise UserError(f"{step.key}: no evaluation has a metric {metric!r}; take for instance {', '.join(close)}")
    return scores[metric]


def _documents(step: Step, variant: str) -> dict[str, Any]:
    """Counts of documents: read by the filters, dropped by reason, trained on; and tokens.

    Tokens count every training document once; epochs is how often the shards repeat them.
    """
    roles = (role for role in step.inputs if role.startswith("data/") and role.endswith(f"/{variant}"))
    # By part, such as `filtered` or `dumps/filtered/2026-11`.
    parts = {role.removeprefix("data/").removesuffix(f"/{variant}"): step.inputs[role] for role in roles}
    shards, split = parts["shards"].metrics, parts["split"].metrics
    epochs = {name.removeprefix("epochs_"): value for name, value in shards.items() if name.startswith("epochs_")}
    dropped: Counter[str] = Counter()
    read = 0
    for part, artifact in parts.items():
        if part != "shards":  # documents over the budget of the shards were not rejected
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


def picture(
    variants: Mapping[str, Compared], noise: Noise, *, metric: str, title: str, better: Better = "less"
) -> bytes:
    """PNG: a row a variant, a ring a seed, a disc for their mean; the band is the noise."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 0.9 + 0.34 * len(variants)), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    if noise.limit is not None:
        axes.axvspan(-noise.limit, noise.limit, color=_GREY, alpha=0.15, linewidth=0)
    axes.axvline(0, color=_GREY, linewidth=0.8)
    names = list(variants)[::-1]
    for row, name in enumerate(names):
        variant = variants[name]
        colour = _COLOURS.get(variant.verdict, _GREY)
        axes.scatter(variant.differences, [row] * len(variant.differences), s=28, facecolors="none", edgecolors=colour)
        axes.scatter([variant.difference], [row], s=44, color=colour)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(f"{metric} less the baseline's ({_SIDES[better]} is better; the band is the noise)")
    axes.set_title(title, loc="left")
    axes.grid(axis="x", alpha=0.25)
    axes.spines[["top", "right", "left"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
