from dataclasses import replace

import dagster as dg
import pytest
from factories.gates import waived
from factories.materializer import Materializer, built, materializer, metadata_of
from factories.steps import step

from fc_model.artifacts import Store
from fc_pipeline.components import asset
from fc_pipeline.engine.gates import Gate, SharedGate
from fc_pipeline.engine.graph import Graph
from fc_pipeline.orchestration.failures import describe_failure
from tests.reliability.fake_graph import definitions_of, fake_graph


@pytest.fixture
def run(memory_disk, monkeypatch) -> Materializer:
    monkeypatch.setattr(asset, "_RETRY_SECONDS", 0)
    monkeypatch.setenv("FC_TEST_SECONDS", "0")
    with materializer(memory_disk) as runner:
        yield runner


def failing(function: str, *, accelerator: bool) -> Graph:
    return Graph([step("sources/a", function=f"tests.reliability.fake_steps:{function}", accelerator=accelerator)], {})


def data_version(run: Materializer, key: str) -> str:
    event = run.instance.get_latest_materialization_event(dg.AssetKey(key.split("/")))
    return event.asset_materialization.tags["dagster/data_version"]


def test_materialize_data_version(run):
    graph = fake_graph()
    result = run(graph)
    assert result.success
    assert built(result) == list(graph)
    for key in graph:
        metadata = metadata_of(result, key)
        assert data_version(run, key) == metadata["digest"]
        assert metadata["path"].startswith(str(run.home))
        assert metadata["reused"] is False


def test_materialize_reuses(run):
    first = run(fake_graph())
    second = run(fake_graph())
    assert second.success
    for key in fake_graph():
        assert metadata_of(second, key)["reused"] is True
        assert metadata_of(second, key)["digest"] == metadata_of(first, key)["digest"]


def test_metadata_documents(run):
    metadata = metadata_of(run(fake_graph(), "sources/a"), "sources/a")
    assert (metadata["read"], metadata["kept"], metadata["dropped"], metadata["quarantined"]) == (3, 2, 1, 0)
    assert metadata["dagster/row_count"] == 2
    assert [column.name for column in metadata["dagster/column_schema"].columns] == ["id", "text", "source", "domain"]
    assert "| a/0 | words \\| and ' more | a | code |" in metadata["first_rows"]
    assert "| too_short | 1 | 33.33% |" in metadata["dropped_by_reason"]
    assert "| MIT | 2 | trained on | a |" in metadata["licences"]


def test_metadata_stage(run):
    run(fake_graph(), "sources/a", "corpus/c/filtered")
    metadata = metadata_of(run(fake_graph(), "toy/stages/one"), "toy/stages/one")
    assert metadata["loss"] == 0.5
    assert metadata["curve"].startswith("![toy/stages/one](data:image/png;base64,iVBOR")


def test_check_passed(run):
    (check,) = run(fake_graph(value=1.5)).get_asset_check_evaluations()
    assert check.passed
    assert {name: value.value for name, value in check.metadata.items()} == {"value": 1.5, "max": 2.0}
    assert check.check_name == "bits_per_byte"


def test_check_failed(run):
    """A failed gate stops what comes after, in this run and in the next."""
    graph = fake_graph(value=2.5)
    result = run(graph)
    assert not result.success
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.ERROR
    assert check.description == "bits_per_byte is 2.5, must be at most 2"
    assert "toy/report" not in built(result)

    later = run(graph, "toy/report")
    assert not later.success
    (failure,) = later.filter_events(lambda event: event.is_step_failure)
    assert "gate evals/one.bits_per_byte failed: 2.5" in describe_failure(failure)


def test_check_waived(run):
    graph = fake_graph(value=2.5)
    gate = waived(Gate(artifact="evals/one", metric="bits_per_byte", max=2.0), "known bad, for the demo")
    result = run(Graph(graph.values(), {"toy/evals/one": [gate]}))
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert check.description.startswith("WAIVED: Ada Lovelace: known bad, for the demo (bits_per_byte is 2.5")


@pytest.mark.parametrize(("track", "goes_on"), [("toy", False), ("other", True)])
def test_check_shared(run, track, goes_on):
    gate = SharedGate(artifact="corpus/filtered", metric="removed_share", max=0.1, track=track)
    graph = fake_graph()
    result = run(Graph(graph.values(), {"corpus/c/filtered": [gate]}))
    assert result.success is goes_on
    assert ("toy/stages/one" in built(result)) is goes_on
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed and check.check_name == f"{track}_removed_share"
    if not goes_on:
        (failure,) = result.filter_events(lambda event: event.is_step_failure)
        assert "toy/stages/one cannot go on from corpus/c/filtered: gate toy: " in describe_failure(failure)


def test_check_partitions(run):
    gate = SharedGate(artifact="corpus/dumps/filtered/b", metric="removed_share", max=0.1, track="toy")
    filtered = fake_graph()["corpus/c/filtered"]
    dumps = [replace(filtered, key=f"corpus/c/dumps/filtered/{name}", partition=name) for name in ("a", "b")]
    graph = Graph([fake_graph()["sources/a"], *dumps], {"corpus/c/dumps/filtered/b": [gate]})
    assert run(graph, "sources/a").success
    (asset_of_dumps,) = asset.assets_of(graph, [dump.key for dump in dumps])
    assert not list(asset_of_dumps.check_specs)
    for name in ("a", "b"):
        assert run(graph, "corpus/c/dumps/filtered", partition=name).success
    (artifact,) = Store(run.home).versions("corpus/c/dumps/filtered/b")
    assert [verdict["passed"] for verdict in artifact.manifest.gates] == [False]


def test_user_error(run):
    result = run(failing("refuse", accelerator=True))
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert describe_failure(failure) == "sources/a: shelf 3 is empty: fill it"
    assert failure.step_failure_data.error.cause is None
    assert not result.filter_events(lambda event: event.event_type_value == "STEP_UP_FOR_RETRY")


@pytest.mark.parametrize("accelerator", [True, False])
def test_what_would_fail_again_is_not_retried(run, accelerator):
    result = run(failing("write_nowhere", accelerator=accelerator))
    assert not result.filter_events(lambda event: event.event_type_value == "STEP_UP_FOR_RETRY")
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert describe_failure(failure).startswith(
        "sources/a: [Errno 2] No such file or directory: '/proc/none/below': remove the cause"
    )


@pytest.mark.parametrize(("accelerator", "retries"), [(True, 1), (False, 2)])
def test_crash_retried(run, accelerator, retries):
    result = run(failing("crash", accelerator=accelerator))
    again = result.filter_events(lambda event: event.event_type_value == "STEP_UP_FOR_RETRY")
    assert len(again) == retries
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert describe_failure(failure) == "sources/a: RuntimeError: the wheel came off"


def test_asset_spec(run):
    graph = fake_graph()
    nodes = {"/".join(spec.key.path): spec for spec in definitions_of(graph).resolve_all_asset_specs()}
    assert nodes["toy/stages/one"].kinds == {"pytorch", "mlflow"}
    assert nodes["toy/stages/one"].group_name == "toy"
    assert {dep.asset_key for dep in nodes["toy/report"].deps} == {
        dg.AssetKey(["toy", "stages", "one"]),
        dg.AssetKey(["toy", "evals", "one"]),
    }
    other = {"/".join(s.key.path): s for s in definitions_of(fake_graph(steps=4)).resolve_all_asset_specs()}
    changed = [key for key in nodes if nodes[key].code_version != other[key].code_version]
    assert changed == ["toy/stages/one"]
    pools = {key: asset.asset_for([graph[key]], graph).op.pool for key in graph}
    assert {key for key, pool in pools.items() if pool == "accelerator"} == {"toy/stages/one"}
    assert {pool for key, pool in pools.items() if key != "toy/stages/one"} == {"cores"}
