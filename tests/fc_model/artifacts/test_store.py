"""What the store promises of names, manifests and damage."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from fc_model.artifacts import AlreadyBuilt, Manifest, ManifestError, Recipe, Store
from fc_model.artifacts.manifest import InputEntry
from fc_model.errors import UserError

KEY = "toy/artifact"
RECIPE = Recipe(
    config={"number": 1, "nested": {"list": [1, 2.5, "three"]}},
    code={"version": "0" * 16, "parts": {"a:b": "1" * 16}},
    inputs={"documents": InputEntry("sources/letters", "2" * 16, "3" * 64)},
)
OTHER = Recipe(config={}, code=RECIPE.code, inputs={})


@pytest.fixture
def store(tmp_path) -> Store:
    store = Store(tmp_path / "home")
    with store.write(KEY, RECIPE) as out:
        out.write_text("folder/notes.txt", "twelve bytes")
        out.write_text("log.txt", "a log", content=False)
        out.metrics["loss"] = 1.5
        out.run["seconds"] = 2.0
    return store


@pytest.fixture
def artifact(store):
    return store.find(KEY, RECIPE.identity(KEY))


def test_whole(artifact):
    assert artifact.problems(strict=True) == []
    assert artifact.verify().path("folder/notes.txt").read_text() == "twelve bytes"
    assert artifact.num_bytes == 17
    assert artifact.manifest.recipe == RECIPE


def test_digest_counts_content_and_not_logs(tmp_path, artifact):
    other = Store(tmp_path / "other")
    with other.write(KEY, RECIPE) as out:
        out.write_text("log.txt", "another log", content=False)
        out.write_text("folder/notes.txt", "twelve bytes")
    assert other.find(KEY, RECIPE.identity(KEY)).digest == artifact.digest


def test_identity_is_of_what_matters():
    def identity(**changes) -> str:
        return replace(RECIPE, **changes).identity(KEY)

    same = {"documents": InputEntry("sources/letters", "9" * 16, "3" * 64)}
    assert identity() == identity(inputs=same) == identity(code={"version": "0" * 16, "parts": {}})
    others = [
        identity(config={"number": 2}),
        identity(code={"version": "f" * 16, "parts": {}}),
        identity(inputs={"documents": InputEntry("sources/letters", "2" * 16, "4" * 64)}),
        identity(inputs={"texts": RECIPE.inputs["documents"]}),
        RECIPE.identity("toy/other"),
    ]
    assert len({identity(), *others}) == 6


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda path: path.write_bytes(b"twelve bytez"), "sha256 differs"),
        (lambda path: path.write_bytes(b"twelve"), "6 bytes, the manifest says 12"),
        (lambda path: path.write_bytes(b""), "0 bytes"),
        (lambda path: path.unlink(), "missing"),
        (lambda path: (path.rename(path.parent / "moved"), path.symlink_to("moved")), "a link"),
        (lambda path: (path.unlink(), path.mkdir()), "missing"),
    ],
    ids=["flipped", "cut", "empty", "missing", "link", "folder"],
)
def test_damaged_file(artifact, damage, problem):
    damage(artifact.path("folder/notes.txt"))
    assert [problem in line and "folder/notes.txt" in line for line in artifact.problems()] == [True]
    with pytest.raises(UserError, match=r"toy/artifact is damaged: .*materialize toy/artifact again"):
        artifact.verify()


def test_foreign_file(artifact):
    (artifact.folder / "folder" / "foreign.txt").write_text("who put me here?")
    (artifact.folder / "dangling").symlink_to("nowhere")
    assert artifact.problems() == []
    assert sorted(line.rpartition("/")[2] for line in artifact.problems(strict=True)) == [
        "dangling: not in the manifest",
        "foreign.txt: not in the manifest",
    ]


def test_any_flipped_bit_of_the_manifest(artifact):
    whole = (artifact.folder / "manifest.json").read_bytes()
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1 << (position % 8)
        with pytest.raises(ManifestError, match=r"here: .*(materialize its artifact again|schema)"):
            Manifest.from_json(bytes(changed), "here")


def test_manifest_cut_anywhere(store, artifact):
    path = artifact.folder / "manifest.json"
    whole = path.read_bytes()
    for length in range(len(whole) - 1):
        with pytest.raises(ManifestError):
            Manifest.from_json(whole[:length], "here")
    path.write_bytes(whole[:100])
    with pytest.raises(ManifestError, match=r"manifest\.json: not a manifest"):
        store.find(KEY, artifact.identity)
    assert store.versions(KEY) == []


def test_store_behind_a_link_is_fine(tmp_path, store):
    (tmp_path / "link").symlink_to(store.root)
    artifact = Store(tmp_path / "link").find(KEY, RECIPE.identity(KEY))
    assert artifact is not None and artifact.problems(strict=True) == []


def test_manifest_of_another_place(tmp_path, store, artifact):
    moved = artifact.folder.with_name("a" * 16)
    artifact.folder.rename(moved)
    with pytest.raises(ManifestError, match="belongs to toy/artifact"):
        store.find(KEY, "a" * 16)


def test_digest_and_identity_are_checked(artifact):
    artifact.manifest.digest = "0" * 64
    artifact.manifest.recipe.config["number"] = 2
    assert [line.partition(": ")[2] for line in artifact.problems()] == [
        "digest does not match its list of files",
        "identity does not match its recipe",
    ]


def test_written_once(store, artifact):
    before = (artifact.folder / "manifest.json").read_bytes()
    with pytest.raises(AlreadyBuilt), store.write(KEY, RECIPE):
        raise AssertionError("entered")
    assert (artifact.folder / "manifest.json").read_bytes() == before


def test_failed_step_leaves_no_artifact_and_keeps_the_workspace(store):
    identity = OTHER.identity(KEY)
    with pytest.raises(RuntimeError), store.write(KEY, OTHER) as out:
        (out.workspace("training") / "checkpoint").write_text("step 3")
        out.write_text("done.txt", "not quite")
        raise RuntimeError("boom")
    assert store.find(KEY, identity) is None
    with store.write(KEY, OTHER) as out:
        assert not (out.folder / "done.txt").exists()
        assert (out.workspace("training") / "checkpoint").read_text() == "step 3"
    assert store.find(KEY, identity).problems(strict=True) == []
    assert not (store.folder(KEY, identity) / "workspace").exists()


def test_lost_record_is_refused(store):
    with pytest.raises(ValueError, match="read 3, accounted for 2"), store.write(KEY, OTHER) as out:
        out.counters.read, out.counters.kept = 3, 2
    assert len(store.versions(KEY)) == 1


def test_metrics(store):
    with pytest.raises(UserError, match="toy/artifact: metric loss is nan"), store.write(KEY, OTHER) as out:
        out.metrics["loss"] = float("nan")
    with store.write(KEY, OTHER) as out:
        out.metrics |= {"loss": np.float32(0.5), "count": np.int64(3), "plain": 7}
    assert store.find(KEY, OTHER.identity(KEY)).metrics == {"loss": 0.5, "count": 3.0, "plain": 7}


def test_recipe_changed_by_the_step_does_not_reach_the_manifest(store):
    mine = copy.deepcopy(RECIPE)
    mine.config["number"] = 5
    identity = mine.identity(KEY)
    with store.write(KEY, mine):
        mine.config["number"] = 6
    assert store.find(KEY, identity).problems() == []


def test_adopted_work_survives_a_kill_before_the_commit(store):
    with pytest.raises(KeyboardInterrupt), store.write(KEY, OTHER) as out:
        finished = out.workspace("training") / "model.bin"
        finished.write_text("weights")
        out.adopt("model.bin", finished)
        raise KeyboardInterrupt
    with store.write(KEY, OTHER) as out:
        finished = out.workspace("training") / "model.bin"
        assert finished.read_text() == "weights"
        out.adopt("model.bin", finished)
    artifact = store.find(KEY, OTHER.identity(KEY))
    assert artifact.problems(strict=True) == [] and artifact.path("model.bin").stat().st_nlink == 1


def test_adopted_file_from_elsewhere_is_moved(tmp_path, store):
    (tmp_path / "made_by_a_library").write_text("weights")
    with store.write(KEY, OTHER) as out:
        out.adopt("model.bin", tmp_path / "made_by_a_library")
    assert not (tmp_path / "made_by_a_library").exists()


def test_adopted_link_becomes_a_file(tmp_path, store):
    (tmp_path / "cache").write_text("weights")
    (tmp_path / "link").symlink_to("cache")
    with store.write(KEY, OTHER) as out:
        out.adopt("model.bin", tmp_path / "link")
    artifact = store.find(KEY, OTHER.identity(KEY))
    assert not artifact.path("model.bin").is_symlink() and artifact.problems(strict=True) == []
    assert (tmp_path / "cache").read_text() == "weights"


def test_keys_versions_and_removal(store, artifact):
    with store.write("toy", OTHER):
        pass
    (store.root / "cache" / "downloads").mkdir(parents=True)
    assert store.keys() == ["toy", KEY]
    assert store.identities(KEY) == [artifact.identity] and store.identities("toy/none") == []
    assert [version.identity for version in store.versions(KEY)] == [artifact.identity]
    store.remove(KEY, artifact.identity)
    assert not artifact.folder.exists() and store.keys() == ["toy"]


def test_judge_changes_verdicts_only(store, artifact):
    judged = store.judge(artifact, [{"name": "toy.loss", "passed": False}])
    assert judged.digest == artifact.digest and judged.problems(strict=True) == []
    assert store.find(KEY, artifact.identity).manifest.gates == [{"name": "toy.loss", "passed": False}]
    store.remove(KEY, artifact.identity)
    with pytest.raises(UserError, match="removed by another process"):
        store.judge(artifact, [])
