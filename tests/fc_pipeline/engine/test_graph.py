"""What the graph of steps accepts, in which order it gives them, and what it says of mistakes."""

import pytest
from factories.steps import step

from fc_model.errors import UserError
from fc_pipeline.engine.graph import Graph

STEPS = [
    step("nano/report", "nano/shards", requires=("nano/evals/base",)),
    step("nano/evals/base", "nano/shards"),
    step("nano/shards", "corpus/web/split", "sources/a"),
    step("pico/shards", "corpus/web/split"),
    step("corpus/web/split", "sources/a", "sources/b"),
    step("sources/b"),
    step("sources/a"),
]


def test_order_and_lookup():
    graph = Graph(STEPS, {})
    order = list(graph)
    assert sorted(order) == sorted(spec.key for spec in STEPS)
    for spec in STEPS:
        assert all(order.index(key) < order.index(spec.key) for key in spec.upstream)
    assert order == list(Graph(STEPS, {}))
    assert graph["nano/report"].upstream == ("nano/shards", "nano/evals/base")
    assert "sources/a" in graph and "sources/c" not in graph
    assert len(graph) == len(Graph([*STEPS, *STEPS], {})) == 7, "equal steps are one"


def test_tracks_and_closures():
    graph = Graph(STEPS, {})
    assert graph.tracks == ["nano", "pico"]
    assert set(graph.track("pico")) == {"pico/shards", "corpus/web/split", "sources/a", "sources/b"}
    assert graph.closure(["corpus/web/split"]) == [key for key in graph if key.startswith(("sources", "corpus"))]
    for name, answer in {"nanoo": "did you mean 'nano'[?]", "corpus": "there are: nano, pico"}.items():
        with pytest.raises(UserError, match=f"there is no track '{name}'; {answer}"):
            graph.track(name)
    with pytest.raises(UserError, match=r"there is no step 'nano/shard'; did you mean 'nano/shards'.*[?]$"):
        graph["nano/shard"]
    with pytest.raises(UserError, match="there is no step 'x'; there are: corpus/web/split, nano/evals/base, "):
        graph["x"]


def test_broken_tracks_and_what_makes_a_key():
    graph = Graph(STEPS, {}, broken={"mine": "mine/defs.yaml: no", "experiments/x": "x/defs.yaml: nor this"})
    for name, key, why in (("mine", "mine/shards", "mine/defs"), ("experiments/x", "experiments/x/result", "x/defs")):
        for asked in (lambda name=name: graph.track(name), lambda key=key: graph[key]):
            with pytest.raises(UserError, match=f"^{why}"):
                asked()
    with pytest.raises(UserError, match=r"gc must know .* cannot read mine, experiments/x: .*mine/defs\.yaml: no"):
        graph.require_whole("gc")
    assert graph.run_command("nano/report") == "run `fustercluck run nano --only nano/report`"
    assert graph.run_command("corpus/web/split").startswith("run `fustercluck run nano ")


@pytest.mark.parametrize(
    ("steps", "gates", "message"),
    [
        (
            [*STEPS, step("sources/a", config={"size": 3})],
            {},
            "two tracks declare sources/a with different config: make them equal",
        ),
        ([step("nano/shards", "nano/none")], {}, "nano/shards needs nano/none, which no step makes"),
        ([step("a/x", "a/y"), step("a/y", "a/x")], {}, "the steps depend on each other in a circle: a/[xy] -> a/[xy]"),
        (STEPS, {"nano/none": []}, "a gate is set on nano/none, which no step makes; did you mean 'nano/"),
    ],
)
def test_mistakes(steps, gates, message):
    with pytest.raises(UserError, match=message):
        Graph(steps, gates)
