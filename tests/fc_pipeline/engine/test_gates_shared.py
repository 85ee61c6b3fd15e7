"""What a track asks of a shared artifact holds up that track, in every run, and no other."""

from functools import partial

import pytest
from factories.gates import waived
from factories.steps import step

from fc_model.artifacts import Counters
from fc_model.errors import UserError
from fc_pipeline.cli.run import to_build
from fc_pipeline.engine.gates import SharedGate, judged_metrics
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.materialize import materialize
from fc_pipeline.engine.plan import make_plan
from fc_pipeline.engine.step import Runtime
from fc_pipeline.track.config import parse_track, read_attributes, resolve_extends
from fc_pipeline.track.graph import build_graph

CLEANED = "corpus/toy/cleaned"


def two_tracks(toy, **removed_share: float) -> Graph:
    """`strict` and `loose` go on from one corpus, of which a third was removed; each may ask how much at most."""
    shared = [toy.graph["sources/letters"], toy.graph[CLEANED]]
    score = partial(step, function="toyfactory.steps:score", inputs={"documents": CLEANED})
    scores = [score("strict/score"), score("loose/score")]
    gates = [
        SharedGate(artifact="corpus/cleaned", metric="removed_share", max=share, track=track)
        for track, share in removed_share.items()
    ]
    return Graph([*shared, *scores], {CLEANED: gates})


def build(toy, graph: Graph, *keys: str) -> None:
    for key in keys:
        materialize(graph, toy.store, key, Runtime(home=toy.store.root))


def test_failed_gate_of_a_track(toy):
    graph = two_tracks(toy, strict=0.1, loose=0.5)
    build(toy, graph, "sources/letters", CLEANED, "loose/score")
    failed = r"gate strict: corpus/cleaned.removed_share failed: 0\.33.*, must be at most 0\.1"
    with pytest.raises(UserError, match=f"strict/score cannot go on from corpus/toy/cleaned: {failed}"):
        build(toy, graph, "strict/score")
    (artifact,) = toy.store.versions(CLEANED)
    strict, loose = artifact.manifest.gates
    assert (strict["track"], strict["passed"], loose["track"], loose["passed"]) == ("strict", False, "loose", True)
    assert strict["value"] == pytest.approx(1 / 3)


def test_plan_and_run(toy):
    graph = two_tracks(toy, strict=0.1, loose=0.5)
    build(toy, graph, "sources/letters", CLEANED, "loose/score")
    (blocked,) = [item for item in make_plan(graph, toy.store, ["strict/score", "loose/score"]) if item.blocked]
    assert blocked.key == "strict/score" and "strict: corpus/cleaned.removed_share failed" in blocked.blocked[0]
    assert to_build(graph, toy.store, graph.track("loose")) == []
    assert to_build(graph, toy.store, graph.track("strict")) == [CLEANED, "strict/score"]


def test_waiver(toy):
    graph = two_tracks(toy, strict=0.1, loose=0.1)
    strict, loose = graph.gates(CLEANED)
    graph = Graph(graph.values(), {CLEANED: [strict, waived(loose, "a first try")]})
    build(toy, graph, "sources/letters", CLEANED, "loose/score")
    with pytest.raises(UserError, match="gate strict: "):
        build(toy, graph, "strict/score")


def test_changed_bound(toy):
    build(toy, two_tracks(toy, strict=0.1), "sources/letters", CLEANED)
    graph = two_tracks(toy, strict=0.4)
    outcome = materialize(graph, toy.store, CLEANED, Runtime(home=toy.store.root))
    assert outcome.reused and outcome.artifact.manifest.gates[0]["passed"]
    build(toy, graph, "strict/score")


def test_removed_share():
    counters = Counters(read=8, kept=5, dropped={"too_short": 1, "near_duplicate": 1}, quarantined=1)
    assert judged_metrics({"documents": 5}, counters) == {"documents": 5, "removed_share": 0.375}
    assert judged_metrics({"loss": 1.0}, Counters()) == {"loss": 1.0}


def track(name: str, **changes: object):
    return parse_track(name, resolve_extends({"extends": "pico", **changes}))


def test_corpus_gates_of_tracks():
    gate = {"artifact": "corpus/filter_quality", "metric": "recall_min"}
    graph = build_graph([track("one", gates=[{**gate, "min": 0.5}]), track("two", gates=[{**gate, "min": 0.9}])])
    gates = graph.gates("corpus/pico/filter_quality")
    assert gates == [SharedGate(**gate, min=0.5, track="one"), SharedGate(**gate, min=0.9, track="two")]
    assert graph.gates_for("corpus/pico/filter_quality", for_key="two/shards") == gates[1:]
    for key in ("one/tokenizer", "one/shards", "two/tokenizer", "two/shards"):
        assert graph[key].requires == ("corpus/pico/filter_quality",)
    assert build_graph([track("one", gates=[])])["one/shards"].requires == ()


def test_gate_on_absent_artifact():
    gate = {"artifact": "corpus/decontaminated", "metric": "removed_share", "max": 0.1}
    corpus = {**read_attributes("pico")["corpus"], "decontamination": {"evalsets": []}}
    with pytest.raises(UserError, match="'corpus/decontaminated' is no artifact of this track or of its corpus"):
        build_graph([track("one", gates=[gate], corpus=corpus)])
    dumps = {"2026-11": ["pico_science"]}
    one = track(
        "one", gates=[{**gate, "artifact": "corpus/dumps/deduplicated/2026-11"}], corpus=corpus | {"dumps": dumps}
    )
    assert build_graph([one])["one/shards"].requires == ("corpus/pico/dumps/deduplicated/2026-11",)
