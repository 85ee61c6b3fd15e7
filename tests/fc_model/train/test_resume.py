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


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_exits_with_its_code(tmp_path: Path, shards: Path, signum: int, code: int) -> None:
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 100_000, "checkpoint_every": 90_000})
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "fc_model.train", str(folder)], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        deadline = time.monotonic() + 120
        while not (folder / "metrics.jsonl").is_file() or len(read_metrics(folder / "metrics.jsonl")) < 3:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signum)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    last = read_metrics(folder / "metrics.jsonl")[-1]["step"]
    (checkpoint,) = (folder / "checkpoints").iterdir()
    assert checkpoint.name == f"step-{last:08d}"
    assert f"{signal.Signals(signum).name} after step {last}; a checkpoint is saved" in errors
    assert "Traceback" not in errors


def test_the_command_line_names_what_to_mend(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fc_model.train", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == f"error: {tmp_path / 'stage.json'}: no such file; a stage folder holds stage.json"


def test_the_command_line_trains(tmp_path: Path, shards: Path) -> None:
    folder = write_stage(tmp_path / "stage", shards, stage={"steps": 5}, runtime={"progress": True})
    command = [sys.executable, "-W", "error", "-m", "fc_model.train", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 5
    assert done.stderr.splitlines()[-1].startswith("tiny 5/5 100% loss ")
    assert "Tip" not in done.stderr
