"""Garbage is what no track resolves to, was made from or may go back to; nothing else is ever deleted."""

import pytest
from factories.build import build, write_text

from fc_model.artifacts import Recipe
from fc_model.artifacts.manifest import InputEntry
from fc_pipeline.engine import in_use as of_runs
from fc_pipeline.engine.in_use import announce
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.store.gc import collect, find_garbage, garbage_lines, remove_leftovers


def garbage(toy, **options) -> list[tuple[str, str]]:
    return [(item.key, item.kind) for item in find_garbage(toy.graph, toy.store, **options)]


def test_nothing_to_delete(toy):
    toy.build()
    assert garbage(toy, keep=0) == []
    assert garbage_lines([]) == [("bold", "nothing to delete")]


def test_earlier_artifacts(toy):
    toy.build()
    toy.min_chars = 4
    toy.build()
    items = find_garbage(toy.graph, toy.store)
    assert [item.key for item in items] == ["corpus/toy/cleaned", "toy/report", "toy/score"]
    assert all(item.num_bytes > 0 and item.rebuild_seconds is not None for item in items)
    assert garbage_lines(items)[-1][1].startswith("3 folders, ")
    assert find_garbage(toy.graph, toy.store, keep=2) == []
    assert [refused for _, refused in collect(toy.store, items)] == ["", "", ""]
    assert garbage(toy) == [] and toy.build() == []
    assert not list(toy.store.root.rglob("*.lock"))


def test_inputs_of_live_stay(toy):
    """After an early cut-off the report's manifest still names the earlier score: its lineage can be read."""
    toy.build()
    toy.edit("helpers.py", "text.upper()", "(text + '').upper()")
    assert toy.build() == ["toy/score"]
    assert len(toy.store.versions("toy/score")) == 2
    assert garbage(toy) == []


def test_unbuilt_edit(toy):
    """The newest artifact of each key stays: with equal inputs it is used again."""
    toy.build()
    toy.min_chars = 4
    assert garbage(toy) == []
    assert garbage(toy, keep=0) == [(key, "artifact") for key in ("corpus/toy/cleaned", "toy/report", "toy/score")]


def test_keys_of_no_track(toy):
    toy.build()
    build(toy.store, "old/score", write_text)
    assert garbage(toy) == [("old/score", "artifact")]
    toy.min_chars = 4
    toy.build()
    build(toy.store, "a/score", write_text)
    texts = [text for _, text in garbage_lines(find_garbage(toy.graph, toy.store))]
    keys = [next((key for key in ("a/score", "old/score", "toy/", "no track") if key in text), "") for text in texts]
    assert keys == ["toy/", "toy/", "toy/", "no track", "a/score", "old/score", ""]


@pytest.mark.parametrize("keep", [0, 1])
def test_what_a_writer_reads_stays(toy, keep):
    """Its track may have been renamed, or another branch been checked out, since it began."""
    toy.build()
    source = build(toy.store, "old/source", write_text)
    cleaned = build(toy.store, "old/cleaned", write_text, inputs={"documents": source})
    build(toy.store, "old/other", write_text)
    recipe = Recipe({}, {"version": "0" * 16, "parts": {}}, {"x": InputEntry(cleaned.key, cleaned.identity, "d")})
    with toy.store.write("old/score", recipe):
        assert garbage(toy, keep=keep) == [("old/other", "artifact")]
    assert {key for key, _ in garbage(toy, keep=keep)} == {"old/cleaned", "old/other", "old/score", "old/source"}


def test_what_a_run_needs_stays(toy, monkeypatch):
    """Also between its steps, when it writes nothing."""
    toy.build()
    announce(toy.graph, toy.store)
    toy.min_chars = 4
    items = find_garbage(toy.graph, toy.store, keep=0)
    assert [item.key for item in items] == ["corpus/toy/cleaned", "toy/report", "toy/score"]
    monkeypatch.setattr(of_runs, "_TOKEN", "another process")
    assert garbage(toy, keep=0) == []
    assert all("a run needs it" in refused for _, refused in collect(toy.store, items))
    toy.build()  # announces itself, and leaves the file of the other
    assert garbage(toy, keep=0) == []
    monkeypatch.setattr(of_runs, "read_holder", lambda path: None)  # it has ended
    assert len(garbage(toy, keep=0)) == 3


def test_half_done_work(toy):
    toy.materialize("sources/letters")
    recipe = Resolver(toy.graph, toy.store).recipe("corpus/toy/cleaned")
    with pytest.raises(RuntimeError), toy.store.write("corpus/toy/cleaned", recipe) as out:
        (out.workspace("training") / "checkpoint").write_bytes(bytes(1000))
        raise RuntimeError
    assert garbage(toy) == []
    toy.min_chars = 9
    [item] = find_garbage(toy.graph, toy.store)
    assert (item.key, item.kind) == ("corpus/toy/cleaned", "half-done")
    assert (item.num_bytes, item.rebuild_seconds) == (1000, None)


def test_locked_stays(toy):
    toy.materialize("sources/letters")
    other = Recipe({}, {"version": "0" * 16, "parts": {}}, {})
    with toy.store.write("old/score", other):
        assert garbage(toy) == []
        identity = other.identity("old/score")
    [item] = find_garbage(toy.graph, toy.store)
    with toy.store.write("old/score", other, replace=True):
        [(_, refused)] = collect(toy.store, [item])
        assert "is being written by another process" in refused
    assert toy.store.find("old/score", identity) is not None


def test_damaged_manifest(toy):
    toy.build()
    live = toy.present("toy/score").folder / "manifest.json"
    live.write_text("{")
    assert garbage(toy) == []  # the next run builds it again in its place
    toy.min_chars = 4
    toy.build()
    assert ("toy/score", "damaged") in garbage(toy)


def test_leftovers_of_a_kill(toy):
    toy.build()
    folder = toy.present("toy/score").folder
    (folder / "workspace" / "training").mkdir(parents=True)
    (folder / "workspace" / "training" / "checkpoint").write_bytes(bytes(500))
    (folder / "manifest.json.123.tmp").write_bytes(bytes(50))
    assert remove_leftovers(toy.store) == 550
    assert toy.present("toy/score").problems(strict=True) == [] and toy.build() == []
