"""The sensors and schedules, asked without a daemon."""

import datetime
import json

import dagster as dg
import pytest
from factories.build import build
from factories.steps import step

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.catalogue.kinds.hub import read_revisions
from fc_pipeline.components.inbox import decide, inbox_readers, listing_digest
from fc_pipeline.components.shared import all_tracks
from fc_pipeline.defs.failures.sensors import failed_runs
from fc_pipeline.defs.inbox.sensors import inbox_sensor
from fc_pipeline.defs.sources.sensors import hub_revision_sensor
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import Step
from fc_pipeline.sources.catalogue import resolve_source
from tests.reliability.fake_graph import definitions_of, fake_graph


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FC_HOME", str(tmp_path))
    return tmp_path


def graph_that_reads(folder: str) -> Graph:
    """One track whose source is a local folder."""
    notes = step("sources/notes", config={"kind": "local", "folder": folder})
    corpus = step("corpus/c/filtered", "sources/notes")
    return Graph([notes, corpus, step("mine/shards", "corpus/c/filtered"), step("other/shards")], {})


def tick(sensor_of, graph: Graph, cursor: str | None = None):
    """What the graph's sensor asks for."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=definitions_of(graph))
        return sensor_of(graph).evaluate_tick(context)


def inbox_tick(graph: Graph, cursor: str | None) -> tuple[list[dg.RunRequest], str | None, str | None]:
    """(run requests, cursor, why nothing is asked for)."""
    data = tick(inbox_sensor, graph, cursor)
    return list(data.run_requests or []), data.cursor, data.skip_message


def test_inbox_readers(home):
    assert list(inbox_readers(graph_that_reads(str(home / "inbox")), home / "inbox")) == ["mine"]
    assert list(inbox_readers(graph_that_reads(str(home / "inbox" / "letters")), home / "inbox")) == ["mine"]
    assert inbox_readers(graph_that_reads(str(home / "elsewhere")), home / "inbox") == {}


def test_inbox_new_files(home):
    """New files ask for one run up to the shards, once they no longer change."""
    graph = graph_that_reads(str(home / "inbox"))
    requests, cursor, why = inbox_tick(graph, None)
    assert (requests, why) == ([], f"nothing new in {home / 'inbox'}")

    (home / "inbox").mkdir()
    (home / "inbox" / "a.txt").write_text("half")
    requests, cursor, _ = inbox_tick(graph, cursor)
    assert requests == []
    (home / "inbox" / "a.txt").write_text("half and the rest")
    requests, cursor, _ = inbox_tick(graph, cursor)
    assert requests == []
    (request,), cursor, _ = inbox_tick(graph, cursor)
    selected = ["/".join(key.path) for key in request.asset_selection]
    assert selected == ["sources/notes", "corpus/c/filtered", "mine/shards"]
    assert request.tags["fustercluck/tracks"] == "mine"
    assert request.run_key == listing_digest(home / "inbox")

    requests, cursor, why = inbox_tick(graph, cursor)
    assert (requests, why) == ([], f"nothing new in {home / 'inbox'}")


def test_inbox_file_returns(home):
    seen = {"seen": "abc", "done": "abc"}
    cursor, found = json.dumps(seen), []
    for digest in (None, "def", "def"):
        cursor, due = decide(cursor, digest)
        found.append(due)
    assert found == [None, None, "def"]


def test_inbox_hidden_files(home):
    (home / "inbox").mkdir()
    (home / "inbox" / ".a.txt.part").write_text("x")
    assert listing_digest(home / "inbox") is None


def test_inbox_without_reader(home):
    requests, _, why = inbox_tick(graph_that_reads("/elsewhere"), None)
    assert requests == []
    assert why == f"no track reads {home / 'inbox'}: add a source of kind `local` with that folder to its corpus"


def test_sensors_off_by_default(monkeypatch):
    monkeypatch.delenv("FC_FAILURE_WEBHOOK", raising=False)
    assert inbox_sensor(all_tracks()).default_status == dg.DefaultSensorStatus.STOPPED
    assert failed_runs.default_status == dg.DefaultSensorStatus.STOPPED


def failure_context(instance: dg.DagsterInstance, graph: Graph) -> dg.RunFailureSensorContext:
    result = (
        definitions_of(graph)
        .resolve_job_def("toy")
        .execute_in_process(
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    )
    return dg.build_run_status_sensor_context(
        sensor_name="failed_runs",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    ).for_run_failure()


def test_failure_webhook(home, loopback, monkeypatch):
    monkeypatch.setenv("FC_TEST_SECONDS", "0")
    monkeypatch.setenv("FC_FAILURE_WEBHOOK", f"{loopback.url}/")
    with dg.DagsterInstance.ephemeral() as instance:
        context = failure_context(instance, fake_graph(last="refuse"))
        failed_runs(context)
    (message,) = map(json.loads, loopback.posts)
    assert message["job"] == "toy"
    assert message["run"] == context.dagster_run.run_id
    assert message["text"] == "toy failed: toy/report: shelf 3 is empty: fill it"


def test_schedule_weekly(home, loaded):
    (schedule,) = [found for found in loaded.schedules if found.name == "pico_shards_schedule"]
    assert schedule.job_name == "pico_shards"
    assert schedule.cron_schedule == "0 3 * * 0"
    sunday = datetime.datetime(2026, 11, 22, 3, 0, tzinfo=datetime.UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        data = schedule.evaluate_tick(dg.build_schedule_context(instance=instance, scheduled_execution_time=sunday))
    assert len(data.run_requests) == 1


def test_retention(home, monkeypatch):
    monkeypatch.setattr("fc_pipeline.components.shared.all_tracks", fake_graph)
    from fc_pipeline.defs.retention.schedules import retention

    store = Store(home)

    def write(step: Step) -> None:
        step.out.write_text("a.txt", "a" * 1000)
        step.out.run["committed_at"] = float(step.config["number"])

    for number in range(4):
        build(store, "sources/a", write, {"number": number})

    def run(**config: object) -> dict:
        result = retention.execute_in_process(run_config={"ops": {"collect_garbage": {"config": config}}})
        (event,) = result.filter_events(lambda event: event.is_successful_output)
        return {name: value.value for name, value in event.event_specific_data.metadata.items()}

    listed = run(dry_run=True)
    assert (listed["folders"], listed["freed_mb"], len(store.versions("sources/a"))) == (2, 0.0, 4)
    assert run()["folders"] == 2
    assert [artifact.manifest.recipe.config["number"] for artifact in store.versions("sources/a")] == [2, 3]
    assert run(keep=0)["folders"] == 2
    assert store.versions("sources/a") == []


@pytest.fixture
def hub(loopback, monkeypatch):
    """hub(repo, commit) makes the commit the newest one of a branch."""
    monkeypatch.setenv("HF_ENDPOINT", loopback.url)

    def commit(repo: str, sha: str) -> None:
        loopback.files[f"/api/datasets/{repo}/revision/main"] = json.dumps({"id": repo, "sha": sha}).encode()

    commit("me/told", "a" * 40)
    commit("me/followed", "b" * 40)
    return commit


def graph_of_the_hub() -> Graph:
    hub = {"kind": "hub", "revision": "0" * 40}
    told = step("sources/told", config={**hub, "repo": "me/told"})
    followed = step("sources/followed", config={**hub, "repo": "me/followed", "follow": "main"})
    mine = step("mine/shards", "sources/told", "sources/followed")
    return Graph([told, followed, mine, step("other/shards", "sources/told")], {})


def test_hub_new_commits(home, hub):
    graph = graph_of_the_hub()
    first = tick(hub_revision_sensor, graph)
    (request,) = first.run_requests
    assert request.run_key == f"sources/followed@{'b' * 40}"
    selected = ["/".join(key.path) for key in request.asset_selection]
    assert selected == ["sources/told", "sources/followed", "mine/shards"]
    (told,) = first.asset_events
    assert (told.asset_key.path[-1], told.metadata["head"].value) == ("told", "a" * 40)
    assert read_revisions(home) == {"followed": "b" * 40}

    again = tick(hub_revision_sensor, graph, first.cursor)
    assert (list(again.run_requests or []), list(again.asset_events)) == ([], [])
    assert again.skip_message == "no new commit"

    hub("me/followed", "c" * 40)
    third = tick(hub_revision_sensor, graph, again.cursor)
    assert [request.run_key for request in third.run_requests] == [f"sources/followed@{'c' * 40}"]
    source = resolve_source({"from": "tinystories", "name": "followed", "follow": "main"})
    assert source.revision == "c" * 40


def test_hub_away(home, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    data = tick(hub_revision_sensor, graph_of_the_hub())
    assert data.skip_message.startswith("data set me/told at http://127.0.0.1:9 (HF_ENDPOINT): no answer")


def test_revisions_damaged(tmp_path):
    (tmp_path / "revisions.json").write_text("{")
    with pytest.raises(UserError, match=r"revisions.json: not JSON .*; delete it"):
        read_revisions(tmp_path)
