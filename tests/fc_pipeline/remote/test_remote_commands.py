"""`push`, `pull`, and what `plan`, `verify` and `gc` say of a remote, on the toy project."""

import os
import time

import pytest
from factories.build import build, write_text
from factories.toy_project import KEYS

from fc_pipeline.cli.remote import require_remote
from fc_pipeline.remote.push import push

pytestmark = pytest.mark.usefixtures("nas")


@pytest.fixture
def nas(toy, tmp_path, monkeypatch):
    """A remote that is set after what is there was built."""
    toy.build()
    monkeypatch.setenv("FC_REMOTE", str(tmp_path / "nas"))
    return tmp_path / "nas"


def test_push_and_pull(toy, command, nas):
    status, lines, _ = command("push")
    assert status == 0 and [line.split(":")[0] for line in lines[:-1]] == KEYS
    assert lines[-1] == f"{nas}: 4 artifacts pushed, {sum(toy.present(key).num_bytes for key in KEYS)} B; 0 were there"
    assert command("push")[1] == [f"{nas}: 0 artifacts pushed, 0 B; 4 were there"]
    toy.move_elsewhere()
    status, lines, _ = command("pull", "toy/score")
    assert status == 0 and [line.split(":")[0] for line in lines[:-1]] == KEYS[:3]
    status, lines, _ = command("pull", "toy")
    assert status == 0 and "1 artifacts pulled" in lines[-1]
    assert toy.build() == [] and command("verify", "--strict")[0] == 0


def test_push_of_some(command):
    status, lines, _ = command("push", "toy/score", "sources")
    assert status == 0 and [line.split(":")[0] for line in lines[:-1]] == ["sources/letters", "toy/score"]
    status, lines, errors = command("push", "tow")
    assert (status, lines) == (2, []) and "there is no step 'tow'; there are: " in errors
    assert "sources/letters" in errors


def test_push_fails(toy, command):
    toy.present("toy/score").path("score.txt").write_text("flipped")
    status, lines, _ = command("push")
    assert status == 1 and "score.txt" in lines[2] and lines[2].startswith("not pushed: toy/score is damaged")
    assert lines[-1].endswith("0 were there, 1 failed")
    assert [key for key, _ in require_remote().everything()] == sorted({*KEYS} - {"toy/score"})


def test_pull_absent(toy, command):
    command("push", "sources", "corpus")
    toy.move_elsewhere()
    status, lines, _ = command("pull", "toy")
    assert status == 1 and "2 artifacts pulled" in lines[-2]
    assert lines[-1] == "2 artifacts are not in the remote, `fustercluck run` builds them: toy/score, toy/report"
    assert toy.build() == ["toy/score", "toy/report"]
    status, _, errors = command("pull", "tow")
    assert status == 2 and "there is no step 'tow'" in errors


def test_verify_damaged(toy, command, nas):
    command("push")
    assert command("verify", "--remote")[:2] == (0, [f"{nas}: 4 artifacts checked, 0 problems"])
    [path] = nas.rglob("score.txt.*")
    path.write_bytes(b"X" + path.read_bytes()[1:])
    status, lines, _ = command("verify", "--remote", "toy")
    assert status == 1 and lines == [
        f"{path}: sha256 differs from the manifest",
        f"{nas}: 2 artifacts checked, 1 problems",
    ]
    assert command("verify", "--remote", "nano")[0] == 2
    home = toy.move_elsewhere()
    status, lines, _ = command("pull", "toy")
    assert status == 1 and lines[-1].startswith(f"not pulled: {path}") and "3 artifacts pulled" in lines[-2]
    assert toy.store.identities("toy/score") != [] and toy.store.versions("toy/score") == []
    toy.store = home
    assert command("push", "--again", "toy/score")[0] == 0 and command("verify", "--remote")[0] == 0


def test_pull_replaces_damaged(toy, command):
    command("push")
    toy.present("toy/score").path("score.txt").unlink()
    (toy.store.versions("toy/report")[0].folder / "manifest.json").write_text("{")
    assert command("pull", "toy")[:1] == (0,)
    assert command("verify", "--strict")[0] == 0 and toy.build() == []


def test_pull_damaged_manifest(toy, command, nas):
    command("push")
    [path] = (nas / "artifacts-1" / "toy" / "score").rglob("manifest.json")
    path.write_text("{")
    toy.move_elsewhere()
    status, lines, _ = command("pull", "toy")
    assert status == 1 and "2 artifacts pulled" in lines[2] and lines[3].startswith(f"not pulled: {path}: not a")
    assert lines[4].endswith("builds them: toy/report")
    status, lines, errors = command("plan", "toy")
    assert status == 0 and str(path) in errors and lines[2].split()[0] == "build"


def test_remote_in_store(toy, command, monkeypatch):
    monkeypatch.setenv("FC_REMOTE", f"file://{toy.store.root}/remote")
    status, lines, errors = command("push")
    assert (status, lines) == (2, []) and "lies in FC_HOME, whose store takes it for its own: move it" in errors


def test_plan_pulls(toy, command):
    command("push")
    toy.move_elsewhere()
    status, lines, _ = command("plan", "toy")
    assert status == 0 and [line.split()[:2] for line in lines[:-1]] == [["pull", key] for key in KEYS]
    assert all("in the remote, " in line for line in lines[:-1])
    assert lines[-1].startswith("4 artifacts: 4 to pull from the remote; ")
    assert not toy.store.root.exists()
    toy.edit("helpers.py", "text.upper()", "text.title()")
    assert [line.split()[0] for line in command("plan", "toy")[1][:-1]] == ["pull", "pull", "build", "build"]


def test_plan_remote_silent(toy, command, tmp_path, use_remote):
    (tmp_path / "file").write_text("")
    use_remote(tmp_path / "file")
    toy.move_elsewhere()
    status, lines, errors = command("plan", "toy")
    assert status == 0 and lines[0].split()[0] == "build"
    assert errors.count("\n") == 1 and "no answer (NotADirectoryError" in errors


def test_gc_remote(toy, command):
    command("push")
    toy.min_chars = 4
    toy.build()  # pushes as well
    everything = require_remote().everything()
    assert len(everything) == 7
    assert command("gc", "--apply")[0] == 0 and require_remote().everything() == everything
    toy.move_elsewhere()  # an empty store finds what is live in the remote itself
    status, lines, _ = command("gc", "--remote")
    assert status == 0 and "3 folders" in lines[-2] and lines[-1].startswith("nothing was deleted from ")
    assert require_remote().everything() == everything
    assert command("gc", "--remote", "--keep", "2")[1] == ["nothing to delete"]
    status, lines, _ = command("gc", "--remote", "--apply")
    assert status == 0 and " freed in " in lines[-1] and len(require_remote().everything()) == 4
    assert toy.build() == [] and command("gc", "--remote")[1] == ["nothing to delete"]


def test_gc_orphans_and_half_pushes(toy, command, nas):
    old = build(toy.store, "old/score", write_text)
    push(require_remote(), old)
    assert [line.split()[0] for line in command("gc", "--remote")[1]] == ["of", "artifact", "1", "nothing"]
    (nas / "artifacts-1" / "old" / "score" / old.identity / "manifest.json").unlink()
    assert command("gc", "--remote")[1] == ["nothing to delete"]  # it may go on
    for path in nas.rglob("text.txt.*"):
        os.utime(path, (time.time() - 90_000,) * 2)
    assert command("gc", "--remote", "--apply")[1][1].startswith("half-done  old/score/")
    assert require_remote().everything() == {}


def test_gc_killed_uploads(command, nas):
    command("push")
    [whole] = nas.rglob("score.txt.*")
    leftovers = [whole.with_name(f"{whole.name}.{number}.tmp") for number in ("0a", "0b")]
    for path in leftovers:
        path.write_bytes(bytes(500))
    os.utime(leftovers[0], (time.time() - 90_000,) * 2)
    assert command("gc", "--remote")[0] == 0 and all(path.exists() for path in leftovers)
    assert command("gc", "--remote", "--apply")[1][-1] == f"500 B freed in {nas}"
    assert whole.exists() and not leftovers[0].exists() and leftovers[1].exists()  # the younger one may go on


def test_commands_need_a_remote(command, monkeypatch):
    monkeypatch.delenv("FC_REMOTE")
    for arguments in (("push",), ("pull", "toy"), ("verify", "--remote"), ("gc", "--remote")):
        status, lines, errors = command(*arguments)
        assert (status, lines) == (2, []) and "FC_REMOTE is not set: give it an address such as s3://" in errors
