"""A file is read again only where it may have changed, and `read="all"` reads every byte."""

import json
import os
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fc_model.artifacts import Artifact, Recipe, Store, hashed
from fc_model.artifacts import artifact as artifact_module
from fc_model.artifacts.hashed import index_path
from fc_model.errors import UserError

KEY, RECIPE = "toy/artifact", Recipe(config={}, code={"version": "0" * 16}, inputs={})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(hashed, "_TICK_SECONDS", -1.0)  # the files of a test are young
    store = Store(tmp_path)
    with store.write(KEY, RECIPE) as out:
        for name in ("one.txt", "folder/two.txt"):
            out.write_text(name, f"the bytes of {name}")
    return store


@pytest.fixture
def artifact(store: Store) -> Artifact:
    artifact = store.find(KEY, RECIPE.identity(KEY))
    assert artifact is not None and artifact.problems() == []
    return artifact


@pytest.fixture
def read(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are hashed from here on."""
    names: list[str] = []
    whole = artifact_module.sha256_file
    monkeypatch.setattr(artifact_module, "sha256_file", lambda path: (names.append(path.name), whole(path))[1])
    return names


def in_place(path: Path) -> None:
    """Flip a bit and put size and time of change back: what a careless copy tool or a liar does."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced(path: Path) -> None:
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes().upper())
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


def test_unchanged_files_are_read_once(artifact: Artifact, read: list[str]) -> None:
    assert artifact.problems() == [] and read == []
    assert artifact.problems(read="all") == [] and sorted(read) == ["one.txt", "two.txt"]


@pytest.mark.parametrize("change", [in_place, replaced])
def test_changed_files_are_read_again(artifact: Artifact, read: list[str], change) -> None:
    change(artifact.path("folder/two.txt"))
    (problem,) = artifact.problems()
    assert problem.endswith("two.txt: sha256 differs from the manifest") and read == ["two.txt"]
    assert artifact.problems() == [problem], "what is damaged is not remembered as whole"


@pytest.mark.parametrize(("age", "times"), [(0.0, 2), (1.9, 2), (2.1, 1)])
def test_a_file_that_was_read_within_the_tick_of_its_change_is_read_again(
    artifact: Artifact, read: list[str], monkeypatch: pytest.MonkeyPatch, age: float, times: int
) -> None:
    """By the clock of the disk, before the reading: neither a clock that is ahead nor a slow reading makes it older."""
    monkeypatch.setattr(hashed, "_TICK_SECONDS", 2.0)
    monkeypatch.setattr(time, "time", lambda: 2e10)
    path = artifact.path("one.txt")
    path.touch()
    monkeypatch.setattr(hashed, "_clock", lambda folder: path.stat().st_ctime + age)
    assert [artifact.problems(), artifact.problems()] == [[], []]
    assert read == ["one.txt"] * times


def test_the_clock_is_that_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new").touch()
    monkeypatch.setattr(time, "time", lambda: 2e10)
    assert 0 <= hashed._clock(tmp_path) - (tmp_path / "new").stat().st_ctime < 60
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_after_a_restart_of_the_machine_all_is_read(
    artifact: Artifact, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashed, "_boot", lambda: "the next one")
    assert artifact.problems() == [] and len(read) == 2
    assert artifact.problems() == [] and len(read) == 2


WRONG = [
    "", "{", "[1]", "3", "[" * 100_000,
    '{"files": {}}', '{"boot": BOOT, "files": 3}', '{"boot": BOOT, "files": {"one.txt": 3}}',
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_a_damaged_index_has_everything_read(artifact: Artifact, read: list[str], text: str) -> None:
    index_path(artifact.folder).write_text(text.replace("BOOT", json.dumps(hashed._boot())))
    assert artifact.problems() == [] and sorted(read) == ["one.txt", "two.txt"]
    assert artifact.problems() == [] and len(read) == 2


def test_a_file_that_is_too_young_is_read_again(
    artifact: Artifact, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashed, "_TICK_SECONDS", 60.0)
    artifact.path("one.txt").touch()
    for _ in range(2):
        assert artifact.problems() == []
    assert read == ["one.txt", "one.txt"]


def test_a_copy_of_the_store_is_read(store: Store, artifact: Artifact, read: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "moved" / artifact.identity
    folder.parent.mkdir()
    artifact.folder.rename(folder)
    assert Artifact(folder, artifact.manifest).problems() == [] and len(read) == 2


def test_the_index_goes_with_its_artifact(store: Store, artifact: Artifact) -> None:
    assert index_path(artifact.folder).is_file()
    store.remove(KEY, artifact.identity)
    assert [path for path in store.root.rglob("*") if path.is_file() and path.suffix != ".lock"] == []


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # the name of a socket is short


@pytest.mark.parametrize("make", [os.mkfifo, bind], ids=["a pipe", "a socket"])
@pytest.mark.parametrize("place", ["index", "manifest"])
def test_what_is_no_file_is_one_line_and_not_waited_for(
    artifact: Artifact, store: Store, make: Callable[[Path], object], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = {"index": index_path(artifact.folder), "manifest": artifact.folder / "manifest.json"}[place]
    path.unlink(missing_ok=True)
    monkeypatch.chdir(store.root)
    make(path)
    with pytest.raises(UserError, match=f"{re.escape(str(path))}: a pipe, a socket or a device stands in place of a"):
        reopened = store.find(KEY, RECIPE.identity(KEY))
        assert reopened is not None
        reopened.verify()
    store.remove(KEY, RECIPE.identity(KEY))
    assert not artifact.folder.exists() and not path.exists()
