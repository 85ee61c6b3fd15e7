"""Garbage is what no track resolves to, was made from or may go back to; nothing else is ever deleted."""

import pytest
from factories.build import build, write_text

from fc_model.artifacts import Recipe
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
