"""A writer killed anywhere leaves what was there before or the whole new artifact, and the next attempt completes."""

import json
from pathlib import Path

import pytest
from factories import small_writer
from factories.killed_writer import can_inject, run, strace
from factories.small_writer import KEY, find, is_whole, recipe, tree


def sweep(folder: Path, what: str) -> list[dict]:
    result = run("sweep", folder, what)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("uninterrupted")
    small_writer.write(root, 2)
    return tree(root / KEY / recipe(2).identity(KEY))


@pytest.mark.parametrize("what", ["write", "replace"])
def test_killed_at_every_operation(memory_disk, uninterrupted, what):
    rounds = sweep(memory_disk, what)
    assert [each["killed"] for each in rounds] == [True] * (len(rounds) - 1) + [False]
    assert len(rounds) > 30  # every file takes its fsyncs and its rename
    for each in rounds:
        assert each["after_kill"]["first"] == [], each
        second = each["after_kill"]["second"]
        # Absent, or whole; one that is being replaced because it is damaged may also stand as it stood.
        assert not second or (what == "replace" and len(second) == 1 and "model.bin" in second[0]), each
        assert each["after_rerun"]["first"] == each["after_rerun"]["strict"] == [], each
        assert each["after_rerun"]["tree"] == uninterrupted, each


def test_killed_while_removing(memory_disk):
    for each in sweep(memory_disk, "remove"):
        assert each["after_kill"]["first"] == [] == each["after_rerun"]["first"]
        assert each["after_kill"]["second"] in (None, [])
        assert each["after_rerun"]["tree"] == {}


def test_killed_while_judging(memory_disk):
    for each in sweep(memory_disk, "judge"):
        assert each["after_kill"]["second"] == [] == each["after_rerun"]["second"]
        assert each["after_kill"]["gates"] in ([], [{"name": "toy.loss", "passed": True}])
        assert each["after_rerun"]["gates"] == [{"name": "toy.loss", "passed": True}]


SYSCALLS = ["fsync", "rename,renameat,renameat2", "unlink,unlinkat", "mkdir,mkdirat", "write,pwrite64", "ftruncate"]


@pytest.mark.parametrize("syscalls", SYSCALLS)
def test_killed_at_every_system_call(memory_disk, uninterrupted, syscalls):
    if not can_inject():
        pytest.skip("strace cannot inject here (no strace, or no ptrace); the crash points above cover the same places")
    for when in range(1, 40):
        root = memory_disk / str(when)
        small_writer.write(root, 1)
        inject = strace("-e", f"trace={syscalls}", "-e", f"inject={syscalls}:signal=SIGKILL:when={when}")
        killed = run("write", root, 2, before=inject).returncode
        second = find(root, 2)
        assert is_whole(root, 1)
        assert second is None or second.problems(read="all") == []
        small_writer.write(root, 2)
        assert tree(root / KEY / recipe(2).identity(KEY)) == uninterrupted
        if killed == 0:
            assert when > 1
            return
        assert killed in (-9, 137)
    raise AssertionError("the writer never completed")
