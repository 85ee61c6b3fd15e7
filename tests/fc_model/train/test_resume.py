"""Killed, terminated and resumed trainings, in real processes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from factories.text_stage import write_stage
from factories.training_runs import wait_for_step

from fc_model.artifacts.files import sha256_file
from fc_model.train import run_stage
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


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
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
