"""A stage with LoRA: what it leaves alone, what it hands on, and how it resumes."""

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from factories.text_stage import MODEL, write_stage
from factories.training_runs import changed, drive, open_run, weights
from safetensors.torch import load_file, save_file

from fc_model.artifacts.files import sha256_file
from fc_model.config.model import ModelConfig
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_model.train import run_stage
from fc_model.train.run import Run

STAGE: dict[str, Any] = {"steps": 12, "optimizer": {"kind": "adamw"}, "lora": {"rank": 4, "alpha": 8, "dropout": 0.1}}
ADAPTERS = [
    f"{folder}/{name}"
    for folder in ("adapter", "adapter_ema")
    for name in ("adapter_config.json", "adapter_model.safetensors")
]
RESULTS = ["model.safetensors", "ema.safetensors", "optimizer.safetensors", "state.json", *ADAPTERS]
GATE = 1e-5
"""Largest difference of logits; rounding in fp32 makes 5e-7."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, shards: Path) -> Path:
    """Weights of a stage that has learnt something."""
    folder = write_stage(tmp_path_factory.mktemp("base"), shards, stage={"steps": 20, "eval_every": None})
    drive(open_run(folder)).finish()
    return folder / "model.safetensors"


def open_adapted(folder: Path, shards: Path, base: Path, *, stage: dict[str, Any] | None = None, **changes: Any) -> Run:
    return open_run(folder, shards, stage=STAGE | (stage or {}), start=str(base), **changes)


def test_a_stage_trains_the_adapter_and_hands_on_the_merged_weights(tmp_path: Path, shards: Path, base: Path) -> None:
    stage = STAGE | {"steps": 80, "lr": 0.01, "lora": {"rank": 16}}
    folder = write_stage(tmp_path / "stage", shards, stage=stage, start=str(base))
    result = run_stage(folder)
    metrics = result.metrics
    assert set(result.files) == {*RESULTS, "metrics.jsonl"}
    assert all((folder / name).is_file() for name in result.files)
    assert metrics["loss_final"] < metrics["loss_first"] - 0.15
    assert metrics["lora_merge_max_logit_diff"] < GATE and metrics["lora_merge_top1"] == 1
    trained = 2 * 16 * sum(map(sum, ModelConfig.model_validate(MODEL).projections.values()))
    assert (metrics["trained_parameters"], metrics["trained_share"]) == (trained, trained / metrics["parameters"])
    written = load_file(folder / "adapter" / "adapter_model.safetensors")
    assert sum(tensor.numel() for tensor in written.values()) == trained
    assert len(load_file(folder / "optimizer.safetensors")) == 3 * len(written), "two moments and the step of each"

    before, after, mean = (load_file(path) for path in (base, folder / "model.safetensors", folder / "ema.safetensors"))
    assert before.keys() == after.keys() == mean.keys()
    targets = {name for name in before if "_proj" in name}
    assert changed(before, after) == changed(before, mean) == targets

    for name, figure in (("model", "holdout_loss"), ("ema", "ema_loss")):
        following = open_run(tmp_path / name, shards, start=str(folder / f"{name}.safetensors"))
        assert following._evaluate()["holdout_loss"] == pytest.approx(metrics[figure], rel=1e-5)
    assert run_stage(folder) == result, "a finished folder gives its result at once"


def test_the_base_stays_to_the_bit(tmp_path: Path, shards: Path, base: Path) -> None:
    run = drive(open_adapted(tmp_path, shards, base))
    state = run.train_step.model.state_dict()
    assert all(torch.equal(state[name], weight) for name, weight in load_file(base).items())
    run.finish()
    assert all(torch.equal(state[name], weight) for name, weight in load_file(base).items())


@pytest.mark.parametrize(
    ("changes", "also"),
    [({}, set()), ({"precision": "bf16"}, set()), ({"lora": {"rank": 2, "embeddings": True}}, {"embed_tokens.weight"})],
)
def test_a_run_that_resumes_gives_the_same_bytes(
    tmp_path: Path, shards: Path, base: Path, changes: dict[str, Any], also: set[str]
) -> None:
    whole = drive(open_adapted(tmp_path / "whole", shards, base, stage=changes))
    assert whole.finish()[0]["lora_merge_max_logit_diff"] < GATE
    drive(open_adapted(tmp_path / "killed", shards, base, stage=changes), steps=7)
    resumed = open_run(tmp_path / "killed")
    assert resumed.state.step == 4
    newest = resumed.checkpoints.newest()
    assert newest is not None
    assert newest.tensors("model").keys() == newest.tensors("ema").keys() == resumed.train_step.weights().keys()
    assert {name for name in newest.tensors("model") if "lora_" not in name} == also, "the base is in no checkpoint"
    drive(resumed).finish()
    for name in RESULTS:
        assert sha256_file(tmp_path / "killed" / name) == sha256_file(tmp_path / "whole" / name), name


def test_a_rollback_before_the_first_checkpoint_draws_the_adapter_again(
    tmp_path: Path, shards: Path, base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = open_adapted(tmp_path, shards, base)
    fresh = weights(run)
    drive(run, steps=2)
    assert changed(fresh, weights(run))
    with caplog.at_level(logging.WARNING):
        run._roll_back()
    assert run.state.step == 0 and not changed(fresh, weights(run))


def test_gradient_checkpointing_changes_nothing(tmp_path: Path, shards: Path, base: Path) -> None:
    """With a checkpointing that needs a gradient of its inputs B would stay zero, since the embedding is frozen."""
    plain = drive(open_adapted(tmp_path / "plain", shards, base))
    thrifty = drive(open_adapted(tmp_path / "thrifty", shards, base, stage={"gradient_checkpointing": True}))
    for name, weight in thrifty.train_step.weights().items():
        torch.testing.assert_close(weight, plain.train_step.weights()[name])
        assert weight.any()


def test_compiled_training_is_the_same_but_for_rounding(tmp_path: Path, shards: Path, base: Path) -> None:
    setting: dict[str, Any] = {"stage": {"steps": 4, "lora": {"rank": 4}}, "model": {"dropout": 0.0}}
    eager = drive(open_adapted(tmp_path / "eager", shards, base, **setting))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler's own
        compiled = drive(open_adapted(tmp_path / "compiled", shards, base, runtime={"compile": True}, **setting))
    assert compiled.objective.way != "eager"
    assert compiled.state.losses == pytest.approx(eager.state.losses, rel=1e-4)
    _, files = compiled.finish()
    assert "adapter/adapter_model.safetensors" in files


def test_what_does_not_fit_is_refused(tmp_path: Path, shards: Path, base: Path) -> None:
    for changes, message in (
        ({"stage": STAGE}, "stage tiny: lora adapts weights, and start names none: add it"),
        ({"stage": STAGE | {"lora": {"rank": 17}}, "start": str(base)}, r"lora: rank \(17\) exceeds that of k_proj"),
        (
            {"stage": STAGE, "start": str(base), "model": {"intermediate_size": 96}},
            r"base.*: layers.0.mlp.down_proj.weight is \(32, 64\), but this model's is \(32, 96\)",
        ),
    ):
        with pytest.raises(UserError, match=message):
            run_stage(write_stage(tmp_path / message[:20], shards, **changes))


def test_another_base_is_another_run(tmp_path: Path, shards: Path, base: Path) -> None:
    """A checkpoint is an adapter alone, so that it must not be put on other weights."""
    drive(open_adapted(tmp_path / "stage", shards, base), steps=5)
    other = tmp_path / "other.safetensors"
    save_file(Decoder(ModelConfig.model_validate(MODEL)).state_dict(), other)
    stage_file = json.loads((tmp_path / "stage" / "stage.json").read_text("utf-8"))
    (tmp_path / "stage" / "stage.json").write_text(json.dumps(stage_file | {"start": str(other)}), "utf-8")
    with pytest.raises(UserError, match=r"began with other settings .*start "):
        open_run(tmp_path / "stage")
