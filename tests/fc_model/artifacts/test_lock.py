"""One writer at a time; a dead one is no obstacle, and one that was passed over commits nothing."""

import json
import os
import signal
import socket
import subprocess
from dataclasses import asdict

import pytest
from factories import small_writer
from factories.killed_writer import SCRIPT, run
from factories.small_writer import KEY, is_whole, recipe

from fc_model.artifacts import Store
from fc_model.artifacts.host import Host
from fc_model.artifacts.lock import Locked, read_holder


def holder(root, where: str) -> subprocess.Popen[str]:
    """A writer of artifact 2 that waits, holding its lock."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen([*SCRIPT, "hold", str(root), "2", where], text=True, **pipes)
    assert process.stdout.readline() == "holding\n"
    return process


def lock_path(root):
    return Store(root).lock_path(KEY, recipe(2).identity(KEY))


def test_second_writer_is_told_who_writes(tmp_path):
    process = holder(tmp_path, "between")
    with pytest.raises(Locked) as caught:
        small_writer.write(tmp_path, 2)
    assert str(process.pid) in str(caught.value) and socket.gethostname() in str(caught.value)
    assert read_holder(lock_path(tmp_path)) == {"pid": process.pid, **asdict(Host.this()), "reads": []}
    _, errors = process.communicate("\n", timeout=60)
    assert process.returncode == 0, errors
    assert not lock_path(tmp_path).exists() and read_holder(lock_path(tmp_path)) is None
    assert is_whole(tmp_path, 2)


def test_dead_holder_is_passed_over(tmp_path):
    process = holder(tmp_path, "inside")
    process.kill()
    process.communicate(timeout=60)
    assert lock_path(tmp_path).exists() and read_holder(lock_path(tmp_path)) is None
    small_writer.write(tmp_path, 2)
    assert is_whole(tmp_path, 2)
    assert not lock_path(tmp_path).exists()


@pytest.mark.parametrize("where", ["between", "inside"])
def test_stopped_writer_whose_lock_was_broken_harms_nothing(tmp_path, where):
    process = holder(tmp_path, where)
    os.kill(process.pid, signal.SIGSTOP)
    lock_path(tmp_path).unlink()
    small_writer.write(tmp_path, 2)
    before = small_writer.tree(tmp_path)
    os.kill(process.pid, signal.SIGCONT)
    _, errors = process.communicate("\n", timeout=60)
    assert process.returncode == 2 and "lock was broken" in errors
    assert small_writer.tree(tmp_path) == before


def test_broken_lock_while_the_new_writer_works(tmp_path):
    """The old writer wakes in the middle of the new one's file: it may not rename or remove it."""
    old = holder(tmp_path, "inside")
    os.kill(old.pid, signal.SIGSTOP)
    lock_path(tmp_path).unlink()
    new = holder(tmp_path, "inside")
    os.kill(old.pid, signal.SIGCONT)
    assert old.communicate("\n", timeout=60) and old.returncode == 2
    _, errors = new.communicate("\n", timeout=60)
    assert new.returncode == 0, errors
    assert is_whole(tmp_path, 2)


def test_two_writers_ten_rounds(tmp_path):
    command = [*SCRIPT, "rounds", str(tmp_path), "10"]
    twins = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for twin in twins:
        _, errors = twin.communicate(timeout=120)
        assert twin.returncode == 0, errors
    for number in range(1, 11):
        assert is_whole(tmp_path, number)
    assert not list(tmp_path.rglob("*.lock")) and not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize(
    ("fields", "is_alive"),
    [
        ({}, False),
        ({"boot": "before", "pid_namespace": "pid:[1]"}, False),
        ({"pid_namespace": "pid:[1]"}, True),
        ({"host": "node7", "boot": "b"}, True),
    ],
)
def test_dead_pid_is_judged_only_here(tmp_path, fields, is_alive):
    holder = {"pid": 2**22 + 1, **asdict(Host.this()), **fields}
    (tmp_path / "lock").write_text(json.dumps(holder))
    assert read_holder(tmp_path / "lock") == (holder if is_alive else None)


def test_holder_of_another_host_counts_as_alive(tmp_path):
    path = tmp_path / "lock"
    path.write_text(json.dumps({"pid": 1, "host": "elsewhere"}))
    assert read_holder(path) == {"pid": 1, "host": "elsewhere"}
    path.write_text('{"pid": 1')  # killed while it wrote its name
    assert read_holder(path) is None
    assert run("write", tmp_path, 1).returncode == 0
