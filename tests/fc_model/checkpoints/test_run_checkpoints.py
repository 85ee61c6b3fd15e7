"""Checkpoints: whole or absent, verified, loud fall back, never from scratch in silence."""

import json
import logging
import multiprocessing
import os
import shutil
from pathlib import Path

import pytest
import torch

from fc_model.artifacts import files
from fc_model.checkpoints.run_checkpoints import Checkpoints
from fc_model.errors import UserError

FILES = ["model.safetensors", "ema.safetensors", "optimizer.safetensors", "state.json", "manifest.json"]


def checkpoints(root: Path, run: str = "run") -> Checkpoints:
    return Checkpoints(root, run=run, keep=2)


def save(root: Path, step: int) -> None:
    tensors = {name: {"weight": torch.full((3,), float(step))} for name in ("model", "ema", "optimizer")}
    checkpoints(root).save(step, tensors, {"step": step})


def test_newest_is_by_step_and_old_ones_go(tmp_path: Path) -> None:
    assert checkpoints(tmp_path / "absent").newest() is None
    for step in (4, 8, 12, 100):
        save(tmp_path, step)
        os.utime(tmp_path / f"step-{step:08d}", (1e9 - step, 1e9 - step))
    newest = checkpoints(tmp_path).newest()
    assert (newest.step, newest.state) == (100, {"step": 100})
    assert newest.tensors("ema")["weight"].tolist() == [100, 100, 100]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000012", "step-00000100"]


def test_a_future_that_was_given_up_goes(tmp_path: Path) -> None:
    for step in (4, 8, 6):
        save(tmp_path, step)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000004", "step-00000006"]


def test_equal_state_gives_equal_bytes(tmp_path: Path) -> None:
    for root in (tmp_path / "a", tmp_path / "b"):
        save(root, 4)
    for name in FILES:
        assert (tmp_path / "a/step-00000004" / name).read_bytes() == (tmp_path / "b/step-00000004" / name).read_bytes()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "remove"])
def test_damage_falls_back_loudly(tmp_path: Path, name: str, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path, 4)
    save(tmp_path, 8)
    path = tmp_path / "step-00000008" / name
    data = path.read_bytes()
    if damage == "remove":
        path.unlink()
    else:
        flipped = data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 0x80]) + data[len(data) // 2 + 1 :]
        path.write_bytes({"flip": flipped, "truncate": data[:-9], "empty": b""}[damage])
    with caplog.at_level(logging.WARNING):
        assert checkpoints(tmp_path).newest().step == 4
    assert "step-00000008 is not used" in caplog.text


def test_all_damaged_is_an_error(tmp_path: Path) -> None:
    save(tmp_path, 4)
    save(tmp_path, 8)
    for folder in tmp_path.iterdir():
        (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match=r"2 checkpoints and none is good.*restore one, or remove the folder"):
        checkpoints(tmp_path).newest()


def test_a_checkpoint_of_another_run_or_step_is_refused(tmp_path: Path) -> None:
    save(tmp_path, 4)
    with pytest.raises(UserError, match="run with other settings"):
        checkpoints(tmp_path, run="other").newest()
    shutil.copytree(tmp_path / "step-00000004", tmp_path / "step-00000009")
    assert checkpoints(tmp_path).newest().step == 4


def save_and_crash(root: Path, at: int) -> None:
    os.environ["FC_CRASH_AT"] = str(files._operations + at)
    save(root, 8)


def test_killed_at_every_durable_operation(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "fc_model.checkpoints.run_checkpoints"])
    steps, survived = set(), 0
    for at in range(1, 100):
        root = tmp_path / str(at)
        save(root, 4)
        process = context.Process(target=save_and_crash, args=(root, at))
        process.start()
        process.join()
        survived += process.exitcode == 0
        newest = checkpoints(root).newest()
        assert newest.tensors("model")["weight"].tolist() == [newest.step] * 3
        steps.add(newest.step)
        save(root, 8)
        assert sorted(path.name for path in root.iterdir()) == ["step-00000004", "step-00000008"]
        if survived:
            break
    assert steps == {4, 8}
    assert at > 10
    manifest = json.loads((root / "step-00000008/manifest.json").read_text("utf-8"))
    assert sorted([*manifest["sha256"], "manifest.json"]) == sorted(FILES)
