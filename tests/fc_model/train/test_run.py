"""A whole stage: through Lightning, and the run below it."""

import json
import logging
import math
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from factories.text_stage import write_stage, write_tiny_shards
from factories.training_runs import drive, open_run
from safetensors.torch import load_file
from torch import Tensor

from fc_model.artifacts.files import sha256_file
from fc_model.data.token_shards import Shards
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_model.train import run_stage
from fc_model.train.holdout import HoldoutLoss
from fc_model.train.metrics import read_metrics
from fc_model.train.run import Run
from fc_model.train.settings import read_stage_file, resolve_settings

LOGGED = [  # row D4 of the specification, by name
    "step", "tokens", "loss", "bpb", "ppl", "lr", "grad_norm", "tokens_per_second", "memory_bytes", "nan_count", "mfu",
    "eta_seconds",
]  # fmt: skip


def history(folder: Path) -> Any:
    return json.loads((folder / "state.json").read_text("utf-8"))


def test_a_stage_learns_and_writes_its_files(tmp_path: Path, shards: Path) -> None:
    reports: list[dict[str, Any]] = []
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 60})
    result = run_stage(folder, report=reports.append)
    assert result.metrics["loss_final"] < result.metrics["loss_first"] - 1
    assert result.metrics["holdout_bpb"] < 1.5
    assert (result.metrics["steps"], result.metrics["tokens"], result.metrics["nan_count"]) == (60, 60 * 128, 0)
    assert all(isinstance(value, int | float) and math.isfinite(value) for value in result.metrics.values())
    assert result.files == [
        "model.safetensors", "ema.safetensors", "optimizer.safetensors", "state.json", "metrics.jsonl"
    ]  # fmt: skip
    assert all((folder / name).is_file() for name in result.files)
    assert load_file(folder / "model.safetensors").keys() == load_file(folder / "ema.safetensors").keys()
    assert [record["step"] for record in reports] == list(range(1, 61))
    records = read_metrics(folder / "metrics.jsonl")
    assert [name for name in LOGGED if name not in records[0]] == []
    assert records[-1]["eta_seconds"] == 0
    state = history(folder)
    assert len(state["losses"]) == 60
    assert [evaluation["step"] for evaluation in state["evaluations"]] == [10, 20, 30, 40, 50, 60]
    assert state["evaluations"][-1]["holdout_bpb"] == result.metrics["holdout_bpb"]
    again = run_stage(folder)
    assert again == result


def test_lightning_and_the_bare_run_give_the_same_weights(tmp_path: Path, shards: Path) -> None:
    one = write_stage(tmp_path / "lightning", shards, stage={"steps": 12})
    other = write_stage(tmp_path / "bare", shards, stage={"steps": 12})
    run_stage(one)
    drive(open_run(other)).finish()
    for name in ("model.safetensors", "ema.safetensors", "optimizer.safetensors", "state.json"):
        assert sha256_file(one / name) == sha256_file(other / name), name


def test_seed_and_start_decide_the_weights(tmp_path: Path, shards: Path) -> None:
    first = write_stage(tmp_path / "first", shards, stage={"steps": 20})
    drive(open_run(first)).finish()
    reseeded = open_run(tmp_path / "seed", shards, stage={"seed": 8})
    fresh = open_run(tmp_path / "fresh", shards)
    name = "layers.0.self_attn.q_proj.weight"
    assert not torch.equal(reseeded.train_step.model.get_parameter(name), fresh.train_step.model.get_parameter(name))
    second = open_run(tmp_path / "second", shards, start=str(first / "model.safetensors"))
    for key, weight in load_file(first / "model.safetensors").items():
        assert torch.equal(second.train_step.model.get_parameter(key), weight)
        assert torch.equal(second.train_step.ema.tensors()[key], weight)
    drive(second, steps=2)
    losses = [loss for loss in second.state.losses if loss is not None]
    assert losses[0] < 3.5  # fresh weights begin at ln 64 = 4.16


def test_a_stage_reads_the_split_that_it_names(tmp_path: Path) -> None:
    shards = write_tiny_shards(tmp_path / "shards", late=2000)
    own = drive(open_run(tmp_path / "own", shards, stage={"split": "train-late", "steps": 2}))
    ids_BT1, *_ = Shards(shards, "train-late").batch(0, own.stage.batch_size, own.stage.seq_len, own.stage.seed)
    assert torch.equal(own.batches(0).targets_BT, ids_BT1[:, 1:])
    every = drive(open_run(tmp_path / "every", shards, stage={"steps": 2}))
    assert not torch.equal(own.batches(0).targets_BT, every.batches(0).targets_BT)
    tokens = [HoldoutLoss(shards, run.train_step.model, run.stage).num_tokens for run in (own, every)]
    assert tokens[0] == tokens[1] < 900, "no training split is held out"
    with pytest.raises(UserError, match="no split 'train-early'; it has"):
        open_run(tmp_path / "none", shards, stage={"split": "train-early"})


@pytest.mark.parametrize(
    "variables",
    [
        {
            "SLURM_NTASKS": "4",
            "SLURM_JOB_NAME": "train",
            "SLURM_JOB_ID": "1",
            "SLURM_PROCID": "0",
            "SLURM_LOCALID": "0",
        },
        {"TORCHELASTIC_RUN_ID": "1", "RANK": "0", "WORLD_SIZE": "4", "LOCAL_RANK": "0", "GROUP_RANK": "0"},
        {"LSB_JOBID": "1", "LSB_DJOB_RANKFILE": "none", "JSM_NAMESPACE_LOCAL_RANK": "0", "JSM_NAMESPACE_SIZE": "4"},
        {"KUBERNETES_PORT": "x", "MASTER_ADDR": "10.0.0.9", "MASTER_PORT": "1", "WORLD_SIZE": "2", "RANK": "0"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_one_process_inside_the_job_of_a_cluster(tmp_path, shards, monkeypatch, variables) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 2, "eval_every": None})
    assert run_stage(folder).metrics["steps"] == 2


def test_overfit_reaches_a_loss_that_pretraining_does_not(tmp_path: Path, shards: Path) -> None:
    kind = {"kind": "overfit", "overfit_tokens": 128, "steps": 100, "eval_every": None, "lr": 0.02}
    run = drive(open_run(tmp_path / "stage", shards, stage=kind, model={"dropout": 0.0}))
    metrics = run.meter.result_metrics(run.state, rollbacks=len(run.skips))
    assert metrics["loss_final"] < 0.3
    assert metrics["holdout_loss"] > 2 * metrics["loss_final"]


def test_live_plateau_stops_early(tmp_path: Path, shards: Path) -> None:
    plateau = {"window": 1, "min_improvement": 0.05, "windows": 2}
    tiny = {"lr": 1e-7, "optimizer": {"kind": "adamw"}, "plateau": plateau, "eval_every": 4}
    folder = write_stage(tmp_path / "stage", shards, stage=tiny)
    result = run_stage(folder)
    assert result.metrics["stopped_early"] == 1
    assert result.metrics["steps"] == 12
    assert history(folder)["stopped_early"] is True


def poison(monkeypatch: pytest.MonkeyPatch, run: Run, steps: set[int]) -> None:
    """Make the loss of some steps infinite."""
    real = Decoder.loss

    def loss(self: Decoder, *rest: Any, **named: Any) -> Tensor:
        value = real(self, *rest, **named)
        return value * math.inf if self.training and run.state.step in steps else value

    monkeypatch.setattr(Decoder, "loss", loss)


def test_one_bad_step_is_skipped_counted_and_named(
    tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = open_run(tmp_path / "stage", shards)
    poison(monkeypatch, run, {9})
    with caplog.at_level(logging.WARNING):
        drive(run)
    assert run.state.losses[9] is None
    assert sum(loss is None for loss in run.state.losses) == 1
    assert run.meter.result_metrics(run.state, rollbacks=len(run.skips))["nan_count"] == 1
    windows = [
        record["bad_windows"] for record in read_metrics(run.folder / "metrics.jsonl") if "bad_windows" in record
    ]
    assert windows == [run.batches.window_ids(9)]
    assert f"on windows {windows[0]}" in caplog.text


def test_bad_steps_in_a_row_roll_back_and_skip(
    tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Weights that turn to NaN at step 10: only a rollback can mend that."""
    run = open_run(tmp_path / "stage", shards)
    drive(run, steps=10)
    with torch.no_grad():
        run.train_step.model.norm.weight[0] = math.nan
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            run.step(torch.Tensor.backward)
    assert (run.state.step, run.state.bad_steps) == (8, 3)
    assert "rolled back from step 13 to 8" in caplog.text
    run.step(torch.Tensor.backward)
    assert run.state.step == 9
    resumed = open_run(run.folder)  # killed right after the rollback
    assert (resumed.state.step, resumed.skips) == (8, run.skips)
    drive(run)
    assert all(loss is not None and math.isfinite(loss) for loss in run.state.losses)
    assert len(run.state.losses) == 40
    assert run.meter.result_metrics(run.state, rollbacks=len(run.skips))["rollbacks"] == 1
    run.finish()
    assert history(run.folder)["skips"] == [[8, 5]]


def spiky(monkeypatch: pytest.MonkeyPatch, run: Run, steps: set[int]) -> None:
    """Make the loss of some steps a hundred times what it is."""
    real = Decoder.loss
    monkeypatch.setattr(
        Decoder,
        "loss",
        lambda self, *rest, **named: (
            real(self, *rest, **named) * (100 if self.training and run.state.step in steps else 1)
        ),
    )


@pytest.mark.parametrize("action", ["skip", "record", None])
def test_a_spike_is_handled_as_the_settings_say(
    tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch, action: str | None
) -> None:
    spike = {"action": action, "window": 8} if action else None
    run = open_run(tmp_path / "stage", shards, stage={"spike": spike})
    spiky(monkeypatch, run, {3, 17})  # of the first there is nothing to judge by yet
    drive(run)
    assert (run.state.losses[17] is None) is (action == "skip")
    assert run.state.losses[3] is not None
    figures = run.meter.result_metrics(run.state, rollbacks=0)
    assert (figures["spike_count"], figures["nan_count"]) == (0 if action is None else 1, 0)
    noted = [record for record in read_metrics(run.folder / "metrics.jsonl") if "spike" in record]
    assert [(record["step"], record["bad_windows"]) for record in noted] == (
        [(18, run.batches.window_ids(17))] if action else []
    )


def test_a_run_that_resumes_judges_spikes_as_before(
    tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = {"stage": {"spike": {"window": 8}, "steps": 20}}
    whole = open_run(tmp_path / "whole", shards, **setting)
    spiky(monkeypatch, whole, {17})
    drive(whole)
    monkeypatch.undo()
    killed = open_run(tmp_path / "killed", shards, **setting)
    drive(killed, steps=16)
    resumed = open_run(tmp_path / "killed")
    assert resumed.state.step > 0
    spiky(monkeypatch, resumed, {17})
    drive(resumed)
    assert resumed.state.losses == whole.state.losses
    assert resumed.state.spikes == whole.state.spikes == 1


def test_spikes_in_a_row_roll_back(tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(tmp_path / "stage", shards, stage={"spike": {"window": 8}})
    drive(run, steps=14)
    with torch.no_grad():
        run.train_step.model.norm.weight *= 50
    for _ in range(3):
        run.step(torch.Tensor.backward)
    assert (run.state.step, run.state.spikes, [skip.step for skip in run.skips]) == (12, 3, [12])


def test_rollbacks_end(tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(tmp_path / "stage", shards)
    poison(monkeypatch, run, set(range(2, 40)))
    with pytest.raises(UserError, match=r"stage tiny: step 5 and 2 before it.*after 3 rollbacks: lower lr"):
        drive(run)


def test_a_state_that_is_not_finite_is_never_saved(
    tmp_path: Path, shards: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = open_run(tmp_path / "stage", shards)
    drive(run, steps=8)
    run.train_step.optimizer.tensors()["exp_avg/norm.weight"][0] = math.inf
    with caplog.at_level(logging.WARNING):
        run.save()
    assert "exp_avg/norm.weight of optimizer is not finite; no checkpoint" in caplog.text
    newest = run.checkpoints.newest()
    assert newest is not None
    assert torch.isfinite(newest.tensors("optimizer")["exp_avg/norm.weight"]).all()


def test_changed_settings_and_shards_are_refused(tmp_path: Path, shards: Path) -> None:
    stage, other = tmp_path / "stage", write_tiny_shards(tmp_path / "shards", tokens=5000)
    drive(open_run(stage, shards), steps=5)
    for now, changes, message in (
        (shards, {"stage": {"lr": 0.5}}, r"stage\.lr 0\.003 -> 0\.5"),
        (shards, {"stage": {"seed": 8}}, r"stage\.seed 7 -> 8"),
        (shards, {"stage": {"optimizer": {"kind": "adamw"}}}, r'stage\.optimizer\.kind "muon" -> "adamw"'),
        (shards, {"model": {"dropout": 0.0}}, r"model\.dropout 0\.1 -> 0\.0"),
        (other, {}, "shards "),
    ):
        with pytest.raises(UserError, match=f"the run began with other settings.*{message}.*set them back"):
            run_stage(write_stage(stage, now, **changes))


def test_harmless_settings_may_change_and_threads_warn(
    tmp_path: Path, shards: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drive(open_run(tmp_path, shards), steps=5)
    try:
        with caplog.at_level(logging.WARNING):
            open_run(tmp_path, shards, runtime={"log_every": 7, "keep_checkpoints": 3})
            assert caplog.text == ""
            open_run(tmp_path, shards, runtime={"threads": 2})
        assert "resumed with threads 1 -> 2; results may differ in rounding" in caplog.text
    finally:
        torch.set_num_threads(1)


def test_begin_records_the_choices(tmp_path: Path, shards: Path) -> None:
    open_run(tmp_path, shards, stage={"precision": "auto"})
    beginning = json.loads((tmp_path / "begin.json").read_text("utf-8"))
    assert beginning["precision"] in ("fp32", "bf16")
    assert (beginning["device"], beginning["threads"], beginning["micro_batch"]) == ("cpu", 1, 4)


def test_compiled_training_is_the_same_but_for_rounding_and_resumes_exactly(tmp_path: Path, shards: Path) -> None:
    setting = {"stage": {"steps": 6}, "model": {"dropout": 0.0, "num_layers": 1}}
    eager = drive(open_run(tmp_path / "eager", shards, **setting))
    folder = write_stage(tmp_path / "compiled", shards, runtime={"compile": True}, **setting)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler's own
        whole = drive(open_run(folder))
        resumed = open_run(folder)
        assert resumed.state.step == 4
        drive(resumed)
    assert whole.state.losses == pytest.approx(eager.state.losses, rel=1e-4)
    assert resumed.state.losses == whole.state.losses
    for name, weight in whole.train_step.weights().items():
        assert torch.equal(resumed.train_step.weights()[name], weight)


@pytest.mark.parametrize(("micro_batch", "expected"), [(None, 4), (3, 2), (1, 1), (100, 4)])
def test_micro_batches_divide_the_batch(tmp_path: Path, shards: Path, micro_batch: int | None, expected: int) -> None:
    spec = read_stage_file(write_stage(tmp_path, shards, runtime={"micro_batch": micro_batch}))
    assert resolve_settings(tmp_path, spec).micro_batch == expected
