"""Power lost at any operation: what the disk may hold then opens, shows nothing half as whole, and is built again."""

from pathlib import Path

import pytest
import torch
from factories import small_writer
from factories.power_loss import Disk, recorded
from factories.small_writer import KEY, find, is_whole, recipe, tree

from fc_model.artifacts import Store
from fc_model.checkpoints.run_checkpoints import Checkpoints
from fc_model.errors import UserError


def states_of_a_write(root: Path, monkeypatch: pytest.MonkeyPatch, *, damaged: bool, lying: bool = False) -> Disk:
    small_writer.write(root, 1)
    if damaged:
        small_writer.write(root, 2)
        find(root, 2).path("model.bin").write_bytes(b"[]")
    with recorded(root, monkeypatch, lying=lying) as disk:
        small_writer.write(root, 2)
    return disk


@pytest.mark.parametrize("damaged", [False, True])
def test_every_state_is_old_or_whole(memory_disk: Path, monkeypatch: pytest.MonkeyPatch, damaged: bool) -> None:
    """Of an artifact that is new, and of one that is written over because it was damaged."""
    disk = states_of_a_write(memory_disk / "root", monkeypatch, damaged=damaged)
    whole = tree(memory_disk / "root" / KEY / recipe(2).identity(KEY))
    seen = set()
    for number, state in enumerate(disk.states):
        place = memory_disk / str(number)
        disk.restore(state, place)
        assert is_whole(place, 1)
        second = find(place, 2)
        problems = second.problems(read="all") if second is not None else ["absent"]
        seen.add("whole" if not problems else "absent" if second is None else "damaged")
        assert Store(place).keys() == [KEY]
        small_writer.write(place, 2)
        assert tree(place / KEY / recipe(2).identity(KEY)) == whole
    # A write over a damaged artifact may leave it as it was; nothing else is ever shown in parts.
    assert seen == {"absent", "whole", "damaged"} if damaged else seen == {"absent", "whole"}
    assert len(disk.states) > 50


def test_a_disk_that_lies_is_noticed(memory_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fsync of files there are states with a manifest and half of the bytes: the model can tell."""
    disk = states_of_a_write(memory_disk / "root", monkeypatch, damaged=False, lying=True)
    damaged = 0
    for number, state in enumerate(disk.states):
        disk.restore(state, memory_disk / str(number))
        try:
            second = find(memory_disk / str(number), 2)
        except UserError:  # half a manifest
            second = None
        if second is not None and (problems := second.problems(read="all")):
            damaged += 1
            assert all("bytes, the manifest says" in problem or "sha256" in problem for problem in problems)
    assert damaged


def save(root: Path, step: int) -> None:
    tensors = {name: {"weight": torch.full((64,), float(step))} for name in ("model", "ema", "optimizer")}
    Checkpoints(root, run="run", keep=2).save(step, tensors, {"step": step})


def test_checkpoints(memory_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = memory_disk / "root"
    root.mkdir()
    for step in (4, 8):
        save(root, step)
    with recorded(root, monkeypatch) as disk:
        save(root, 12)
    steps = set()
    for number, state in enumerate(disk.states):
        place = memory_disk / str(number)
        disk.restore(state, place)
        newest = Checkpoints(place, run="run", keep=2).newest()
        assert newest is not None
        assert newest.tensors("model")["weight"].tolist() == [newest.step] * 64
        steps.add(newest.step)
        save(place, 12)
        assert Checkpoints(place, run="run", keep=2).newest().step == 12
    assert steps == {8, 12}
