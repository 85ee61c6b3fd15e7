"""A build looks in the remote first and pushes afterwards, and no fault of the remote is one of the build."""

import pytest
from factories.toy_project import KEYS, ToyProject

from fc_model.artifacts.lock import Locked
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.materialize import materialize
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.step import Runtime
from fc_pipeline.remote.remote import Remote
from fc_pipeline.remote.sync import pull_if_present
from fc_pipeline.store.verify import verify_remote


@pytest.fixture
def remote(toy, tmp_path, use_remote) -> Remote:
    return use_remote(f"file://{tmp_path}/nas")


def build(toy: ToyProject) -> tuple[list[str], list[str]]:
    """Materialize everything; returns the keys that were built, and the messages."""
    messages: list[str] = []
    graph, runtime = toy.graph, Runtime(home=toy.store.root)
    built = [key for key in graph if not materialize(graph, toy.store, key, runtime, log=messages.append).reused]
    return built, messages


def test_build_pulls(toy, remote):
    assert build(toy) == (KEYS, [])
    assert verify_remote(remote, []) == (4, [])
    first = {key: toy.present(key) for key in KEYS}
    toy.move_elsewhere()
    built, messages = build(toy)
    assert built == [] and [line.split(":")[0] for line in messages] == KEYS
    assert messages[0].startswith("sources/letters: pulled from file://") and messages[0].endswith(" B")
    for key in KEYS:
        pulled = toy.present(key)
        assert pulled.problems(strict=True) == [] and pulled.folder != first[key].folder
        assert pulled.manifest == first[key].manifest
    assert build(toy) == ([], [])


def test_build_without_remote(toy, remote, monkeypatch):
    build(toy)
    before = toy.move_elsewhere()
    monkeypatch.delenv("FC_REMOTE")
    assert build(toy) == (KEYS, [])
    assert [toy.store.identities(key) for key in KEYS] == [before.identities(key) for key in KEYS]


def test_build_early_cut_off(toy, remote):
    """What differs is built; an equal input still spares what comes after it."""
    build(toy)
    toy.move_elsewhere()
    toy.edit("helpers.py", "text.upper()", "(text + '').upper()")  # other code, equal bytes
    built, messages = build(toy)
    assert built == ["toy/score"] and len(messages) == 3
    assert len([place for place in remote.everything() if place[0] == "toy/score"]) == 2


def test_build_repairs_remote(toy, remote, tmp_path):
    build(toy)
    [path] = (tmp_path / "nas").rglob("score.txt.*")
    path.write_bytes(b"X" + path.read_bytes()[1:])
    toy.move_elsewhere()
    built, messages = build(toy)
    assert built == ["toy/score"] and len(messages) == 4
    assert "score.txt." in messages[2] and "sha256 differs" in messages[2]
    assert messages[2].endswith("toy/score is built here")
    assert verify_remote(remote, []) == (4, [])


def test_build_replaces_damaged(toy, remote):
    build(toy)
    toy.present("toy/score").path("score.txt").write_text("flipped")
    built, messages = build(toy)
    assert built == [] and "toy/score is damaged" in messages[0] and "toy/score: pulled from" in messages[1]
    assert toy.present("toy/score").problems(strict=True) == []


def test_gates_of_pulled(toy, remote):
    build(toy)
    toy.move_elsewhere()
    toy.gates = [Gate(artifact="score", metric="documents", min=3)]
    assert build(toy)[0] == []
    assert toy.present("toy/score").manifest.gates[0]["min"] == 3


def test_half_done_work_survives(toy, remote, tmp_path):
    build(toy)
    [path] = (tmp_path / "nas").rglob("score.txt.*")
    path.unlink()
    toy.move_elsewhere()
    for key in KEYS[:2]:
        toy.materialize(key)
    recipe = Resolver(toy.graph, toy.store).recipe("toy/score")
    assert recipe is not None
    with pytest.raises(RuntimeError), toy.store.write("toy/score", recipe) as out:
        (out.workspace("training") / "checkpoint").write_text("step 3")
        raise RuntimeError
    messages: list[str] = []
    identity = recipe.identity("toy/score")
    assert pull_if_present(toy.store, "toy/score", identity, replace=False, log=messages.append) == "damaged"
    assert "score.txt" in messages[0] and "missing" in messages[0]
    checkpoint = toy.store.folder("toy/score", identity) / "workspace" / "training" / "checkpoint"
    assert checkpoint.read_text() == "step 3" and toy.store.find("toy/score", identity) is None
    assert build(toy)[0] == ["toy/score"]


def test_pull_locked(toy, remote):
    build(toy)
    toy.move_elsewhere()
    toy.materialize("sources/letters")
    recipe = Resolver(toy.graph, toy.store).recipe("corpus/toy/cleaned")
    with toy.store.write("corpus/toy/cleaned", recipe), pytest.raises(Locked, match="another process"):
        toy.materialize("corpus/toy/cleaned")


def test_build_remote_silent(toy, s3_away, use_remote):
    """A remote that does not answer costs one wait, and nothing is asked of it again."""
    use_remote(s3_away)
    built, messages = build(toy)
    assert built == KEYS and len(messages) == 5
    assert "no answer in 3 tries" in messages[0] and messages[0].endswith("sources/letters is built here")
    for key, line in zip(KEYS, messages[1:], strict=True):
        assert line == f"{key} is built but not in the remote: run `fustercluck push {key}`"
