"""A takedown reaches the remote: by lineage, also for what this store never had, and for good."""

import pytest
from factories.build import build, write_text

from fc_model.artifacts import Artifact, Store
from fc_pipeline.cli.remote import take_down
from fc_pipeline.lineage.lineage import Touched
from fc_pipeline.remote.push import push
from fc_pipeline.remote.remote import Remote
from fc_pipeline.remote.retry import RemoteError

DOCUMENT = "letters/3"


def made(store: Store, key: str, inputs: list[Artifact], **config) -> Artifact:
    return build(store, key, write_text, config, {item.key: item for item in inputs})


@pytest.fixture
def home(memory_disk) -> Store:
    return Store(memory_disk / "home")


@pytest.fixture
def remote(tmp_path, use_remote) -> Remote:
    return use_remote(tmp_path / "nas")


@pytest.fixture
def artifacts(home, remote) -> dict[str, Artifact]:
    """A corpus of two sources before and after a takedown, a track on each, and things beside it; all pushed."""
    letters, numbers = made(home, "sources/letters", []), made(home, "sources/numbers", [])
    filtered = made(home, "corpus/c/filtered", [letters, numbers])
    evalset = made(home, "evalsets/humaneval", [])
    before = made(home, "corpus/c/deduplicated", [filtered], removed=["letters/9"])
    after = made(home, "corpus/c/deduplicated", [filtered], removed=[DOCUMENT, "letters/9"])
    shards, other_shards = made(home, "t/shards", [before, evalset]), made(home, "t/shards", [after, evalset])
    artifacts = {
        "letters": letters, "numbers": numbers, "filtered": filtered, "evalset": evalset, "before": before,
        "after": after, "shards before": shards, "shards after": other_shards,
        "stage before": made(home, "t/stages/one", [shards]),
        "stage after": made(home, "t/stages/one", [other_shards]),
        "only numbers": made(home, "n/shards", [numbers]),
    }  # fmt: skip
    for artifact in artifacts.values():
        push(remote, artifact)
    return artifacts


def names(artifacts: dict[str, Artifact], remote: Remote) -> set[str]:
    present = remote.everything()
    return {name for name, artifact in artifacts.items() if (artifact.key, artifact.identity) in present}


CLEAN = {"letters", "numbers", "filtered", "evalset", "after", "shards after", "stage after", "only numbers"}


def test_take_down_by_lineage(artifacts, remote, memory_disk, capsys):
    empty = Store(memory_disk / "empty")
    assert take_down(empty, [DOCUMENT], [], set(), apply=False) == []
    out = capsys.readouterr().out
    assert (
        "3 of 11 artifacts would be deleted" in out and "the sources stay, as those here do: corpus/c/filtered" in out
    )
    assert names(artifacts, remote) == set(artifacts)
    assert take_down(empty, [DOCUMENT], [], set(), apply=True) == []
    assert names(artifacts, remote) == CLEAN
    with pytest.raises(RemoteError, match="was taken down"):
        push(remote, artifacts["shards before"])
    assert take_down(empty, [DOCUMENT], [], set(), apply=True) == [] and names(artifacts, remote) == CLEAN


def test_take_down_several(artifacts, remote, home):
    assert take_down(home, [DOCUMENT, "numbers/1"], [], set(), apply=True) == []
    assert names(artifacts, remote) == {"letters", "numbers", "filtered", "evalset"}


def test_take_down_live_and_touched(artifacts, remote, home):
    """What the tracks resolve to stays; what the store found by reading goes."""
    live = {(artifacts["only numbers"].key, artifacts["only numbers"].identity)}
    item = artifacts["stage after"]  # holds a copy, as the store found by reading it
    items = [Touched(key=item.key, identity=item.identity, how="holds", detail="")]
    assert take_down(home, ["numbers/1"], items, live, apply=True) == []
    assert names(artifacts, remote) == {"letters", "numbers", "filtered", "evalset", "only numbers"}


def test_take_down_gap_in_lineage(artifacts, remote, home, memory_disk):
    """What the remote lacks is followed in the store, or counts as touched."""
    for name in ("before", "after", "filtered"):
        remote.remove(artifacts[name].key, artifacts[name].identity)
    kept = CLEAN - {"after", "filtered"}
    take_down(home, [DOCUMENT], [], set(), apply=True)
    assert names(artifacts, remote) == kept
    take_down(Store(memory_disk / "empty"), [DOCUMENT], [], set(), apply=True)
    assert names(artifacts, remote) == kept - {"shards after", "stage after"}


def test_take_down_leftovers(artifacts, remote, memory_disk, tmp_path, use_remote):
    place = artifacts["shards before"].key, artifacts["shards before"].identity
    (tmp_path / "nas" / "artifacts-1" / place[0] / place[1] / "manifest.json").write_text("{")
    [left] = take_down(Store(memory_disk / "empty"), [DOCUMENT], [], set(), apply=True)
    assert left.startswith("/".join(place)) and "its lineage is unknown" in left
    (tmp_path / "file").write_text("")
    use_remote(tmp_path / "file")
    [left] = take_down(Store(memory_disk / "empty"), [DOCUMENT], [], set(), apply=True)
    assert "was not looked at" in left and left.endswith("`fustercluck takedown` with the same ids again")


def test_take_down_without_remote(home, monkeypatch):
    monkeypatch.delenv("FC_REMOTE", raising=False)
    assert take_down(home, [DOCUMENT], [], set(), apply=True) == []


def test_take_down_overtakes_push(remote, home):
    """The tombstone comes between the look and the manifest: the push takes back what it put."""
    artifact = made(home, "t/shards", [])
    remote.take_down(artifact.key, artifact.identity, at=1.0)
    for entry in artifact.manifest.files:
        remote.put_file(artifact.manifest, entry, artifact.path(entry.path))
    with pytest.raises(RemoteError, match="was taken down"):
        push(remote, artifact)
