"""A track whose corpus has dumps: one Dagster run a partition, in the order of the work."""

import dagster as dg
import pytest
from factories.built_experiment import homes
from factories.steps import step

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.cli.run import build, by_partition, known, load_definitions
from fc_pipeline.components.shared import asset_keys
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from tests.reliability.fake_graph import definitions_of


def corpus_with_dumps() -> Graph:
    """A base and two dumps, each deduplicated against those before it."""
    base, done = "corpus/c/deduplicated", "corpus/c/dumps/deduplicated"
    steps = [step("sources/a"), step(base, "sources/a"), step("toy/shards", base, f"{done}/two")]
    for name, before in (("one", [base]), ("two", [base, f"{done}/one"])):
        new = f"corpus/c/dumps/filtered/{name}"
        steps.append(step(new, "sources/a", partition=name))
        steps.append(step(f"{done}/{name}", new, *before, partition=name))
    return Graph(steps, {})


@pytest.fixture
def home(tmp_path):
    with homes(tmp_path) as folder:
        yield folder


def test_by_partition():
    graph = corpus_with_dumps()
    groups = by_partition(graph, list(graph))
    assert [partition for partition, _ in groups] == [None, "one", "two", "two", None]
    done: set[str] = set()
    for _, keys in groups:
        assert all(set(graph[key].upstream) <= done | set(keys) for key in keys)
        done |= set(keys)
    assert done == set(graph)
    assert by_partition(graph, ["sources/a", "corpus/c/deduplicated"]) == [
        (None, ["sources/a", "corpus/c/deduplicated"])
    ]


def test_asset_keys_of_partitions():
    graph = corpus_with_dumps()
    names = [key.to_user_string() for key in asset_keys(graph, graph)]
    assert names.count("corpus/c/dumps/filtered") == names.count("corpus/c/dumps/deduplicated") == 1
    assert len(names) == 5


def test_build_dumps(home, capfd, monkeypatch):
    graph = corpus_with_dumps()
    assert build("toy", graph, list(graph), lambda: definitions_of(graph)) == 0
    store = Store(home / "data")
    with dg.DagsterInstance.get() as instance:
        assert known(instance, graph, store, list(graph))
        key = dg.AssetKey(["corpus", "c", "dumps", "deduplicated"])
        assert instance.get_materialized_partitions(key) == {"one", "two"}
        two = Resolver(graph, store).require("corpus/c/dumps/deduplicated/two", for_key="test")
        two.path("documents.jsonl.zst").unlink()
    assert build("toy", graph, list(graph), lambda: definitions_of(graph)) == 0
    two.verify()
    assert "7 assets, 1 to build" in capfd.readouterr().out
    assert build("toy", graph, list(graph), lambda: definitions_of(graph)) == 0
    assert "nothing to do" in capfd.readouterr().out
    monkeypatch.setenv("FC_EXECUTOR", "slrum")
    with pytest.raises(UserError, match="FC_EXECUTOR: 'slrum' is no executor"):
        build("toy", graph, list(graph), lambda: definitions_of(graph))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (UserError("tracks/mine: no"), "^tracks/mine: no$"),
        (ValueError("2 errors\n extra: x"), "Dagster cannot load .*defs: ValueError: 2 errors"),
    ],
)
def test_load_definitions_refused(monkeypatch, error, message):
    def refuse() -> dg.Definitions:
        raise RuntimeError("while building the tree") from error

    monkeypatch.setattr("fc_pipeline.cli.run.defs", refuse)
    with pytest.raises(UserError, match=message):
        load_definitions()


def test_build_dump_missing_predecessor(home, capfd):
    graph = corpus_with_dumps()
    keys = ["sources/a", "corpus/c/deduplicated", "corpus/c/dumps/filtered/two", "corpus/c/dumps/deduplicated/two"]
    assert build("toy", graph, keys, lambda: definitions_of(graph)) == 1
    assert (
        "error: corpus/c/dumps/deduplicated: corpus/c/dumps/deduplicated/two needs corpus/c/dumps/deduplicated/one, "
        "which is not built for the present track and code: "
        "run `fustercluck run toy --only corpus/c/dumps/deduplicated/one`" in capfd.readouterr().out
    )
