"""A disk that is full or broken: one clear line, nothing earlier lost, and the next attempt completes."""

import errno
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from factories import small_writer
from factories.killed_writer import SCRIPT, can_inject, run, strace
from factories.small_writer import find, is_whole

from fc_model.artifacts import Recipe, Store
from fc_model.errors import UserError


def check(result: subprocess.CompletedProcess[str], root, why: str) -> None:
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    assert "toy/artifact" in result.stderr and why in result.stderr and "MB free" in result.stderr
    assert is_whole(root, 1)
    assert find(root, 2) is None


@pytest.fixture
def tiny_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=96k", "none", disk], capture_output=True)
    if not made or made.returncode != 0:
        pytest.skip("mounting a small tmpfs needs root; RLIMIT_FSIZE below tests the same path")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_full_disk(tiny_disk):
    small_writer.write(tiny_disk, 1)
    ballast = tiny_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        room = shutil.disk_usage(tiny_disk).free - 8192
        file.write(bytes(room))
    check(run("write", tiny_disk, 2), tiny_disk, "No space left on device")
    with ballast.open("ab", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    check(run("write", tiny_disk, 2), tiny_disk, "No space left on device")  # not a byte free: not even for a lock
    ballast.unlink()
    assert run("write", tiny_disk, 2).returncode == 0
    assert is_whole(tiny_disk, 2)


def test_lock_on_a_full_disk_does_not_bar_the_same_process(tiny_disk):
    with (tiny_disk / "ballast").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    for _ in range(2):
        with pytest.raises(small_writer.UserError, match="No space left"):
            small_writer.write(tiny_disk, 1)
    (tiny_disk / "ballast").unlink()
    small_writer.write(tiny_disk, 1)


def test_file_size_limit(tmp_path):
    small_writer.write(tmp_path, 1)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    command = [*SCRIPT, "write", str(tmp_path), "2"]
    check(subprocess.run(command, capture_output=True, text=True, preexec_fn=limit), tmp_path, "File too large")
    assert run("write", tmp_path, 2).returncode == 0


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("syscall", ["fsync", "rename", "mkdir"])
def test_injected_error(tmp_path, error, syscall):
    if not can_inject():
        pytest.skip("strace cannot inject here")
    why = {"ENOSPC": "No space left on device", "EIO": "Input/output error"}[error]
    for when in (1, 3):
        root = tmp_path / str(when)
        small_writer.write(root, 1)
        inject = strace("-e", f"trace={syscall}", "-e", f"inject={syscall}:error={error}:when={when}")
        check(run("write", root, 2, before=inject), root, why)
        small_writer.write(root, 2)
        assert is_whole(root, 2)


def test_read_only_and_missing_folder(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = run("write", blocked, 1)
    assert result.returncode == 2 and "Not a directory" in result.stderr and result.stderr.count("\n") == 1
    assert sys.platform != "linux" or blocked.read_text() == "not a folder"


@pytest.mark.parametrize("when", ["before a file", "inside a file", "before the manifest"])
def test_folder_that_vanishes(tmp_path, when):
    store, recipe = Store(tmp_path / "home"), Recipe({}, {"version": "1", "parts": {}}, {})
    with pytest.raises(UserError, match=r"a/b.*(removed|lock was broken) while it"), store.write("a/b", recipe) as out:
        if when == "before a file":
            shutil.rmtree(store.root)
        with out.open("model.bin") as file:
            file.write(b"weights")
            if when == "inside a file":
                shutil.rmtree(store.root)
        if when == "before the manifest":
            shutil.rmtree(store.root)
    assert store.find("a/b", recipe.identity("a/b")) is None


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV, errno.EINVAL, errno.EACCES])
def test_disk_without_hard_links(tmp_path, monkeypatch, number):
    """exFAT, BeeGFS and SMB each refuse in another way; the file is kept in the workspace all the same."""

    def refuse(self, target):
        raise OSError(number, "refused")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with Store(tmp_path).write("a/b", Recipe({}, {"version": "1", "parts": {}}, {})) as out:
        made = out.workspace("training") / "model.safetensors"
        made.write_bytes(b"weights")
        out.adopt("model.safetensors", made)
        assert made.read_bytes() == b"weights"
    [artifact] = Store(tmp_path).versions("a/b")
    assert artifact.problems(strict=True) == []


@pytest.mark.parametrize(
    ("number", "filename", "message"),
    [
        (errno.ENOSPC, "model.bin", r"a/b: .*/model\.bin: No space left on device \(\S+ MB free\); make room and run"),
        (
            errno.EROFS,
            "model.bin",
            r"model\.bin: Read-only file system \(.* free\); repair the disk or its perm",
        ),
        (errno.EPERM, "model.bin", r"Operation not permitted .*; repair the disk or its permissions and run again"),
        (errno.EROFS, None, r"^a/b: Read-only file system, in a place that the system does not name; .*/a/b/"),
        (errno.ENOSPC, None, r"^a/b: No space left on device, in a place that .* MB free; make room and run again"),
    ],
)
def test_what_is_blamed(tmp_path, number, filename, message):
    recipe = Recipe({}, {"version": "1", "parts": {}}, {})
    with pytest.raises(UserError, match=message), Store(tmp_path).write("a/b", recipe):
        raise OSError(number, "x", *([str(tmp_path / filename)] if filename else []))
