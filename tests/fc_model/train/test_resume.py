"""Killed, terminated and resumed trainings, in real processes."""

import itertools
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from factories.text_stage import write_stage
from factories.training_runs import drive, open_run, wait_for_step

from fc_model.artifacts.files import sha256_file
from fc_model.artifacts.sealed import write_sealed
from fc_model.errors import UserError
from fc_model.train import Interrupted, lightning, run_stage
from fc_model.train.__main__ import main
from fc_model.train.metrics import read_metrics

STEPS = 60
RESULTS = ("model.safetensors", "ema.safetensors", "optimizer.safetensors", "state.json")


def test_ten_kills_give_the_same_bytes(tmp_path: Path, shards: Path, context: ForkServerContext) -> None:
    whole = write_stage(tmp_path / "whole", shards, stage={"steps": STEPS})
    killed = write_stage(tmp_path / "killed", shards, stage={"steps": STEPS})
    run_stage(whole)
    chance = random.Random(0)
    kills = 0
    for step in sorted(chance.sample(range(1, STEPS - 1), 10)):
        process = context.Process(target=run_stage, args=(killed,))
        process.start()
        wait_for_step(killed, step, process)
        time.sleep(chance.uniform(0, 0.02))
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
    assert kills == 10
    assert not (killed / "result.json").exists()
    run_stage(killed)
    for name in RESULTS:
        assert sha256_file(killed / name) == sha256_file(whole / name), name
    logged = [[record["step"], record["loss"]] for record in read_metrics(killed / "metrics.jsonl")]
    assert logged == [[record["step"], record["loss"]] for record in read_metrics(whole / "metrics.jsonl")]


def command_line(folder: Path, errors: Path) -> None:
    """What `python -m fc_model.train FOLDER` does, in a process of its own."""
    sys.argv = ["fc_model.train", str(folder)]
    sys.stderr = errors.open("w", encoding="utf-8", buffering=1)
    sys.exit(main())


@pytest.mark.parametrize("name", ["model.safetensors", "ema.safetensors", "state.json", "metrics.jsonl", "result.json"])
def test_a_flipped_bit_in_what_is_finished_and_not_committed(
    tmp_path: Path, shards: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The process died between the stage's end and the commit of its artifact, and the disk changed a bit meanwhile."""
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 10})
    run_stage(folder)
    before = {result: sha256_file(folder / result) for result in RESULTS}
    flip(folder / name)
    result = run_stage(folder)
    assert {result: sha256_file(folder / result) for result in RESULTS} == before
    assert result.metrics["steps"] == 10
    assert f"{name} " in caplog.text and "the last steps are trained again" in caplog.text


@pytest.mark.parametrize("name", ["begin.json", "skips.json"])
def test_a_flipped_bit_in_what_a_resume_needs(tmp_path: Path, shards: Path, name: str) -> None:
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 10})
    run = open_run(folder)
    drive(run, steps=5)
    write_sealed(folder / "skips.json", {"skips": [[4, 2]]})
    flip(folder / name)
    with pytest.raises(UserError, match=rf"{name} is damaged.*restore it, or remove the folder"):
        open_run(folder)


def test_a_flipped_bit_in_the_log_stops_nothing(tmp_path: Path, shards: Path) -> None:
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 10})
    drive(open_run(folder), steps=8)
    flip(folder / "metrics.jsonl", at=0)
    assert run_stage(folder).metrics["steps"] == 10
    assert [record["step"] for record in read_metrics(folder / "metrics.jsonl")] == list(range(2, 11))


def flip(path: Path, at: int | None = None) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_saves_and_exits_with_its_code(
    tmp_path: Path, shards: Path, context: ForkServerContext, signum: int, code: int
) -> None:
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 100_000, "checkpoint_every": 90_000})
    process = context.Process(target=command_line, args=(folder, tmp_path / "errors"))
    process.start()
    wait_for_step(folder, 3, process)
    assert process.pid is not None
    os.kill(process.pid, signum)
    process.join(timeout=60)
    assert process.exitcode == code
    last = read_metrics(folder / "metrics.jsonl")[-1]["step"]
    (checkpoint,) = (folder / "checkpoints").iterdir()
    assert checkpoint.name == f"step-{last:08d}"
    errors = (tmp_path / "errors").read_text("utf-8")
    assert f"{signal.Signals(signum).name} after step {last}; a checkpoint is saved" in errors
    assert "Traceback" not in errors


def test_an_interrupt_before_the_first_step_is_one(
    tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lightning itself would end the process with status 1, which is a failure to try again."""

    def interrupted(module: lightning.TrainModule) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lightning.TrainModule, "configure_optimizers", interrupted)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted, match="after step 0; run it again"):
        run_stage(write_stage(tmp_path, shards))
    assert signal.getsignal(signal.SIGINT) == before


def test_the_command_line_names_what_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fc_model.train", str(tmp_path)])
    assert main() == 1
    expected = f"error: {tmp_path / 'stage.json'}: no such file; a stage folder holds stage.json\n"
    assert capsys.readouterr().err == expected


def test_the_command_line_trains(tmp_path: Path, shards: Path) -> None:
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 5}, runtime={"progress": True})
    command = [sys.executable, "-W", "error", "-m", "fc_model.train", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 5
    assert done.stderr.splitlines()[-1].startswith("tiny 5/5 100% loss ")
    assert "Tip" not in done.stderr


def little_memory(folder: Path, megabytes: int, errors: Path) -> None:
    """The command line in a process that gets so many megabytes of addresses beside what it has."""
    import psutil

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = psutil.Process().memory_info().vms + megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    command_line(folder, errors)


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS holds on Linux")
def test_a_real_limit_of_memory(tmp_path: Path, shards: Path, context: ForkServerContext) -> None:
    """It ends with one clear line and not as a traceback, and what was saved before is good for a machine with more."""
    whole = write_stage(tmp_path / "whole", shards, stage={"steps": 8, "eval_every": None})
    run_stage(whole)
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 8, "eval_every": None})
    drive(open_run(folder), steps=5)
    process = context.Process(target=little_memory, args=(folder, 40, tmp_path / "errors"))
    process.start()
    process.join(120)
    assert process.exitcode in (0, 1), (tmp_path / "errors").read_text("utf-8")
    assert "Traceback" not in (tmp_path / "errors").read_text("utf-8")
    run_stage(folder)
    for name in RESULTS:
        assert sha256_file(folder / name) == sha256_file(whole / name), name


def test_a_clock_that_jumps(tmp_path: Path, shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Back and forth by days while a stage trains, and between its attempts: no figure is of the clock."""
    real, jumps = time.time, itertools.cycle([0, -86_400, 3600, 1e9, -1e9])
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 10})
    drive(open_run(folder), steps=6)
    for number, path in enumerate(sorted((folder / "checkpoints").rglob("*"))):
        os.utime(path, (1e9 - number, 1e9 - number))
    reports: list[dict[str, float]] = []
    result = run_stage(folder, report=reports.append)
    assert reports[0]["step"] == 5
    assert all(report["eta_seconds"] >= 0 and report["tokens_per_second"] > 0 for report in reports)
    assert 0 < result.metrics["seconds"] < 600
