"""The step that makes `experiments/<name>/result` of stages with images: variants side by side."""

import difflib
import json
from dataclasses import asdict

from fc_model.artifacts import Artifact
from fc_model.errors import UserError
from fc_pipeline.engine.step import Step
from fc_pipeline.experiments.comparison import Better, compare
from fc_pipeline.experiments.config import BASELINE
from fc_pipeline.experiments.images_text import images_result_text
from fc_pipeline.experiments.picture import picture
from fc_pipeline.experiments.text import PICTURE, TEXT


def write_images_result(step: Step) -> None:
    """Writes result.json, result.md and result.png.

    config: name, description, track, stages (name -> steps), seeds, metric, better, also, variants (name -> fusion,
    encoder_parameters, fusion_parameters, tokens by group). inputs: `image_evals/<variant>.s<seed>`.
    Metrics: the mean of every metric and variant, the difference of every variant, and noise_limit, below which a
    difference says nothing.

    Raises:
        UserError: an evaluation has no such metric.
    """
    config = step.config
    metrics: dict[str, Better] = {config["metric"]: config["better"], **config["also"]}
    compared = {
        metric: compare(_values(step, metric), baseline=BASELINE, better=better) for metric, better in metrics.items()
    }
    result = {
        **config,
        "metrics": {
            metric: {
                "better": metrics[metric],
                "noise": asdict(noise),
                "variants": {name: asdict(found) for name, found in variants.items()},
            }
            for metric, (variants, noise) in compared.items()
        },
        "samples": int(_evaluation(step, BASELINE, config["seeds"][0]).metrics["samples"]),
    }
    step.out.write_text("result.json", json.dumps(result, indent=1, allow_nan=False) + "\n")
    step.out.write_text(TEXT, images_result_text(result))
    deciding, noise = compared[config["metric"]]
    with step.out.open(PICTURE) as file:
        file.write(
            picture(deciding, noise, metric=config["metric"], title=config["name"], better=metrics[config["metric"]])
        )
    step.out.metrics = {
        "variants": len(deciding),
        "seeds": len(config["seeds"]),
        **{
            f"{metric}_{name}": round(found.mean, 6)
            for metric, (variants, _) in compared.items()
            for name, found in variants.items()
        },
        **{f"difference_{name}": round(found.difference, 6) for name, found in deciding.items() if name != BASELINE},
    }
    if noise.limit is not None:
        step.out.metrics["noise_limit"] = round(noise.limit, 6)


def _values(step: Step, metric: str) -> dict[str, list[float]]:
    """Variant -> values in the order of the seeds."""
    return {
        variant: [_metric(step, _evaluation(step, variant, seed), metric) for seed in step.config["seeds"]]
        for variant in step.config["variants"]
    }


def _evaluation(step: Step, variant: str, seed: int) -> Artifact:
    return step.inputs[f"image_evals/{variant}.s{seed}"]


def _metric(step: Step, evaluation: Artifact, metric: str) -> float:
    metrics = evaluation.metrics
    if metric not in metrics:
        close = difflib.get_close_matches(metric, sorted(metrics), n=3, cutoff=0.3) or sorted(metrics)
        raise UserError(f"{step.key}: {evaluation.key} has no metric {metric!r}; take for instance {', '.join(close)}")
    return metrics[metric]
