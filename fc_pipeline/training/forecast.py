"""Forecast of a build's cost: tokens, FLOPs, seconds, disk and memory, step by step.

Figures measured on an earlier build in this store are preferred to calculated ones; `basis` names the kind.
Nothing here imports torch: `plan` must answer at once.
"""

import math
import statistics
import time
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from fc_model.artifacts import Artifact, Store
from fc_model.config.flops import step_flops, step_tokens
from fc_model.config.image_stage import VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_pipeline.engine.graph import Graph
from fc_pipeline.executors.child_process import available_cores

_TRAINING_SHARE = 0.7
"""FLOP/s of a training step over those of an fp32 matrix product, where no build was measured.

Small decoders reach 0.7 in fp32; in bf16, on CPUs that have it, up to 1.3.
"""

_ACTIVATIONS = 16
"""Number of arrays of hidden size that a block keeps for its backward pass, beside three of the MLP's width."""


def forecast(graph: Graph, store: Store, keys: Iterable[str]) -> dict[str, Any]:
    """The cost of building these keys.

    Returns {"steps": {key: {"seconds", "disk_bytes", "basis", ...}}, "total": {...}}. Stages of training also have
    tokens, flops (floating point operations) and memory_bytes (the peak); evaluations of which earlier runs differ
    only in their seeds have bits_per_byte {"mean", "low", "high", "runs"}, a 95% prediction interval; sources whose
    size is published have download_bytes. Unknown figures are None; `total["unknown"]` names the steps without seconds,
    `total["unsized"]` those without disk_bytes, which the sums leave out.
    """
    steps = {key: _step(graph, store, key) for key in keys}
    known = [figures for figures in steps.values() if figures["seconds"] is not None]
    return {
        "steps": steps,
        "total": {
            "seconds": sum(figures["seconds"] for figures in known),
            "disk_bytes": sum(figures["disk_bytes"] or 0 for figures in steps.values()),
            "download_bytes": sum(figures.get("download_bytes", 0) for figures in steps.values()),
            "tokens": sum(figures.get("tokens", 0) for figures in steps.values()),
            "flops": sum(figures.get("flops", 0) for figures in steps.values()),
            "memory_bytes": max((figures["memory_bytes"] or 0 for figures in steps.values()), default=0) or None,
            "unknown": [key for key, figures in steps.items() if figures["seconds"] is None],
            "unsized": [key for key, figures in steps.items() if figures["disk_bytes"] is None],
        },
    }


def _step(graph: Graph, store: Store, key: str) -> dict[str, Any]:
    earlier = store.versions(key)
    config = graph[key].config
    if "model" in config and "stage" in config:
        model, stage = ModelConfig.model_validate(config["model"]), StageConfig.model_validate(config["stage"])
        vision = _vision(config)
        flops = round(stage.num_steps * step_flops(model, stage, vision))
        rate, basis = _flops_per_second(store, key, model)
        return {
            "tokens": round(stage.num_steps * step_tokens(stage, vision)),
            "flops": flops,
            "seconds": round(flops / rate, 1),
            "disk_bytes": state_bytes(model, stage, vision),
            "memory_bytes": memory_bytes(model, stage, vision),
            "basis": basis,
        }
    figures: dict[str, Any] = {"seconds": None, "disk_bytes": None, "memory_bytes": None, "basis": "never built"}
    expected = graph[key].expected
    if expected:
        figures |= expected | {"basis": "never built; its size by what is declared and published"}
    if earlier:
        newest = earlier[-1]
        figures = {
            "seconds": newest.manifest.run.get("seconds"),
            "disk_bytes": newest.num_bytes,
            "memory_bytes": newest.manifest.run.get("peak_memory_bytes"),
            "basis": f"as {newest.key}@{newest.identity} took",
        }
    scored = graph[key].inputs.get("stage")
    if scored is not None and "bits_per_byte" in (earlier[-1].metrics if earlier else {}):
        figures["bits_per_byte"] = _interval(_like(store, earlier, graph[scored].config))
    return figures


def state_bytes(model: ModelConfig, stage: StageConfig, vision: VisionConfig | None = None) -> int:
    """Size of a finished stage on disk: weights, average, and AdamW's two moments or Muon's one, in fp32.

    While it runs, two checkpoints of this size stand beside it. With LoRA the adapter, its average and its moments come
    beside the merged weights, and are all that a checkpoint holds.
    """
    total = model.num_parameters()
    if stage.lora is not None:
        return 4 * (2 * total + 4 * stage.lora.num_parameters(model))
    embeddings = model.vocab_size * model.hidden_size * (1 if model.tie_embeddings else 2)
    moments = 2 * total if stage.optimizer.kind == "adamw" else 2 * embeddings + (total - embeddings)
    vision_bytes = 4 * vision.num_parameters(model.hidden_size) if vision is not None else 0
    return 4 * (2 * total + moments + vision_bytes)


def memory_bytes(model: ModelConfig, stage: StageConfig, vision: VisionConfig | None = None) -> int:
    """Memory of a training step with the whole batch at once, in fp32; a smaller micro-batch or bf16 needs less.

    State and gradients, what each block keeps for the backward pass, and two chunks of logits; with LoRA the base, of
    which two copies are merged in the end.
    """
    block = _ACTIVATIONS * model.hidden_size + 3 * model.intermediate_size
    kept = model.hidden_size if stage.gradient_checkpointing else block
    activations = round(4 * step_tokens(stage, vision) * (model.num_layers * kept + block))
    if stage.lora is not None:
        trained = 4 * 5 * stage.lora.num_parameters(model)  # weights, average, two moments, gradients
        return 4 * model.num_parameters() + trained + max(activations + 2 * 4 * 2**24, 2 * 4 * model.num_parameters())
    return state_bytes(model, stage, vision) + 4 * model.num_parameters() + activations + 2 * 4 * 2**24


def _flops_per_second(store: Store, key: str, model: ModelConfig) -> tuple[float, str]:
    """The rate of the newest build of this stage, else of any stage with this shape, else of the matrix product."""
    built_keys = store.keys()
    for name in (key, *(other for other in built_keys if "/stages/" in other and other != key)):
        for artifact in reversed(store.versions(name)):
            metrics = artifact.metrics
            recipe = artifact.manifest.recipe.config
            if metrics.get("tokens_per_second") and recipe["model"] == model.model_dump(mode="json"):
                built = StageConfig.model_validate(recipe["stage"])
                # As `_step` counts: images in buckets take less than the full width of their group.
                rate = metrics["steps"] * step_flops(model, built, _vision(recipe)) / metrics["seconds"]
                measured = f"{metrics['tokens_per_second']:,.0f} tokens/s measured on {artifact.key}"
                computed = artifact.manifest.run.get("loss_computed")
                return rate, f"{measured}@{artifact.identity}" + (f" ({computed})" if computed else "")
    peak = gemm_flops()
    return peak * _TRAINING_SHARE, (
        f"calculated: {_TRAINING_SHARE:.0%} of the {peak / 1e9:,.0f} GFLOP/s of a matrix product on this CPU when "
        f"it is idle; half or twice as long is possible"
    )


@cache
def gemm_flops(*, size: int = 768, seconds: float = 0.2) -> float:
    """FLOP/s of numpy's best fp32 matrix product, on all cores of this process.

    Measured in CPU time, so that other work on the machine does not lower it. One product is timed even when the
    machine is so busy that no time is left for it.
    """
    left = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    best, stop = math.inf, time.perf_counter() + seconds
    np.matmul(left, left)
    while math.isinf(best) or time.perf_counter() < stop:
        begin = time.process_time()
        np.matmul(left, left)
        best = min(best, time.process_time() - begin)
    return 2 * size**3 / best * available_cores()


def _like(store: Store, earlier: list[Artifact], stage_config: dict[str, Any]) -> list[float]:
    """Bits per byte of the evaluations whose stage has this config, apart from the seed."""

    def shape(config: dict[str, Any]) -> dict[str, Any]:
        return {"model": config["model"], "stage": config["stage"] | {"seed": 0}}

    bits_per_byte = []
    for artifact in earlier:
        entry = artifact.manifest.recipe.inputs["stage"]
        stage = store.find(entry.key, entry.identity)
        if stage is not None and shape(stage.manifest.recipe.config) == shape(stage_config):
            bits_per_byte.append(artifact.metrics["bits_per_byte"])
    return bits_per_byte


def _interval(values: list[float]) -> dict[str, float] | None:
    """95% prediction interval of the next value after these, None for fewer than two."""
    if len(values) < 2:
        return None
    from scipy.special import stdtrit

    mean, spread = statistics.fmean(values), statistics.stdev(values)
    half = float(stdtrit(len(values) - 1, 0.975)) * spread * math.sqrt(1 + 1 / len(values))
    return {"mean": mean, "low": mean - half, "high": mean + half, "runs": len(values)}


def _vision(config: dict[str, Any]) -> VisionConfig | None:
    return VisionConfig.model_validate(config["vision"]) if "vision" in config else None
