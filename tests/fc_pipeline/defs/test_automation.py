"""The sensors and schedules, asked without a daemon."""

import datetime
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

import dagster as dg
import pytest

from fc_model.errors import UserError
from fc_pipeline.catalogue.kinds.hub import read_revisions
from fc_pipeline.components.inbox import decide, inbox_readers, listing_digest
from fc_pipeline.components.shared import all_tracks
from fc_pipeline.defs.failures.sensors import failed_runs
from fc_pipeline.defs.inbox.sensors import inbox_sensor
from fc_pipeline.defs.sources.sensors import hub_revision_sensor
from fc_pipeline.engine.deferred import Deferred
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.sources.catalogue import resolve_source
from tests.reliability.fake_graph import definitions_of, fake_graph


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FC_HOME", str(tmp_path))
    return tmp_path


def graph_that_reads(folder: str) -> Graph:
    """One track whose source is a local folder."""

    def step(key: str, config: dict, inputs: dict) -> StepSpec:
        return StepSpec(
            key=key,
            function=Deferred.of("tests.reliability.fake_steps:write_documents"),
            description="Documents.",
            group="data",
            config=config,
            inputs=inputs,
            track=None if key.startswith(("sources/", "corpus/")) else key.split("/")[0],
        )

    return Graph(
        [
            step("sources/notes", {"kind": "local", "folder": folder}, {}),
            step("corpus/c/filtered", {}, {"notes": "sources/notes"}),
            step("mine/shards", {}, {"documents": "corpus/c/filtered"}),
            step("other/shards", {}, {}),
        ],
        {},
    )


def look(graph: Graph, cursor: str | None) -> tuple[list[dg.RunRequest], str | None, str | None]:
    """(run requests, cursor, why nothing is asked for)."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=definitions_of(graph))
        data = inbox_sensor(graph).evaluate_tick(context)
    return list(data.run_requests or []), data.cursor, data.skip_message


def test_a_track_reads_the_inbox_through_a_local_source_in_it(home):
    assert list(inbox_readers(graph_that_reads(str(home / "inbox")), home / "inbox")) == ["mine"]
    assert list(inbox_readers(graph_that_reads(str(home / "inbox" / "letters")), home / "inbox")) == ["mine"]
    assert inbox_readers(graph_that_reads(str(home / "elsewhere")), home / "inbox") == {}


def test_new_files_ask_for_one_run_up_to_the_shards_once_they_lie_still(home):
    graph = graph_that_reads(str(home / "inbox"))
    requests, cursor, why = look(graph, None)
    assert (requests, why) == ([], f"nothing new in {home / 'inbox'}")

    (home / "inbox").mkdir()
    (home / "inbox" / "a.txt").write_text("half")
    requests, cursor, _ = look(graph, cursor)
    assert requests == []
    (home / "inbox" / "a.txt").write_text("half and the rest")
    requests, cursor, _ = look(graph, cursor)
    assert requests == []
    (request,), cursor, _ = look(graph, cursor)
    assert ["/".join(key.path) for key in request.asset_selection] == [
        "sources/notes",
        "corpus/c/filtered",
        "mine/shards",
    ]
    assert request.tags["fustercluck/tracks"] == "mine"
    assert request.run_key == listing_digest(home / "inbox")

    requests, cursor, why = look(graph, cursor)
    assert (requests, why) == ([], f"nothing new in {home / 'inbox'}")


def test_a_removed_file_is_new_again_when_it_comes_back(home):
    seen = {"seen": "abc", "done": "abc"}
    cursor, due = decide(json.dumps(seen), None)
    assert due is None
    cursor, due = decide(cursor, "def")
    assert due is None
    cursor, due = decide(cursor, "def")
    assert due == "def"


def test_hidden_files_do_not_count(home):
    (home / "inbox").mkdir()
    (home / "inbox" / ".a.txt.part").write_text("x")
    assert listing_digest(home / "inbox") is None


def test_the_sensor_says_so_when_no_track_reads_the_inbox(home):
    requests, _, why = look(graph_that_reads("/elsewhere"), None)
    assert requests == []
    assert why == f"no track reads {home / 'inbox'}: add a source of kind `local` with that folder to its corpus"


def test_the_sensors_are_off_until_a_person_turns_them_on(monkeypatch):
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


def test_a_failed_run_is_told_to_the_webhook_in_one_line(home, monkeypatch):
    monkeypatch.setenv("FC_TEST_SECONDS", "0")
    received = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server, dg.DagsterInstance.ephemeral() as instance:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        monkeypatch.setenv("FC_FAILURE_WEBHOOK", f"http://127.0.0.1:{server.server_port}/")
        context = failure_context(instance, fake_graph(last="refuse"))
        failed_runs(context)
        thread.join(30)
    (message,) = received
    assert message["job"] == "toy"
    assert message["run"] == context.dagster_run.run_id
    assert message["text"] == "toy failed: toy/report: shelf 3 is empty: fill it"


def test_the_schedule_asks_for_the_shards_every_week(home):
    from fc_pipeline.definitions import defs

    (schedule,) = [found for found in defs().schedules if found.name == "pico_shards_schedule"]
    assert schedule.job_name == "pico_shards"
    assert schedule.cron_schedule == "0 3 * * 0"
    sunday = datetime.datetime(2026, 11, 22, 3, 0, tzinfo=datetime.UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        data = schedule.evaluate_tick(dg.build_schedule_context(instance=instance, scheduled_execution_time=sunday))
    assert len(data.run_requests) == 1


def test_retention_deletes_what_no_track_needs_and_keeps_the_newest(home, monkeypatch):
    monkeypatch.setattr("fc_pipeline.components.shared.all_tracks", fake_graph)
    from fc_model.artifacts import Recipe, Store
    from fc_pipeline.defs.retention.schedules import retention

    store = Store(home)
    for number in range(4):
        recipe = Recipe(config={"number": number}, code={"version": "1", "parts": {}}, inputs={})
        with store.write("sources/a", recipe) as out:
            out.write_text("a.txt", "a" * 1000)
            out.run["committed_at"] = float(number)

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
def hub(monkeypatch):
    """A server with the hub's address for the newest commit of a branch."""
    heads = {"me/told": "a" * 40, "me/followed": "b" * 40}

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = self.path.split("/")
            name = "/".join(parts[3:5])
            body = json.dumps({"id": name, "sha": heads[name]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield heads
        server.shutdown()


def graph_of_the_hub() -> Graph:
    def step(key: str, config: dict, inputs: dict) -> StepSpec:
        function = "tests.reliability.fake_steps:write_documents"
        return StepSpec(
            key=key,
            function=Deferred.of(function),
            description="Documents.",
            group="data",
            config=config,
            inputs=inputs,
            track=None if key.startswith("sources/") else key.split("/")[0],
        )

    hub = {"kind": "hub", "revision": "0" * 40}
    return Graph(
        [
            step("sources/told", {**hub, "repo": "me/told"}, {}),
            step("sources/followed", {**hub, "repo": "me/followed", "follow": "main"}, {}),
            step("mine/shards", {}, {"told": "sources/told", "followed": "sources/followed"}),
            step("other/shards", {}, {"told": "sources/told"}),
        ],
        {},
    )


def test_new_commits_on_the_hub_are_told_or_followed_once(home, hub):
    def tick(cursor: str | None):
        with dg.DagsterInstance.ephemeral() as instance:
            graph = graph_of_the_hub()
            context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=definitions_of(graph))
            return hub_revision_sensor(graph).evaluate_tick(context)

    first = tick(None)
    (request,) = first.run_requests
    assert request.run_key == f"sources/followed@{'b' * 40}"
    assert ["/".join(key.path) for key in request.asset_selection] == [
        "sources/told",
        "sources/followed",
        "mine/shards",
    ]
    (told,) = first.asset_events
    assert (told.asset_key.path[-1], told.metadata["head"].value) == ("told", "a" * 40)
    assert read_revisions(home) == {"followed": "b" * 40}

    again = tick(first.cursor)
    assert (list(again.run_requests or []), list(again.asset_events)) == ([], [])
    assert again.skip_message == "no new commit"

    hub["me/followed"] = "c" * 40
    assert [request.run_key for request in tick(again.cursor).run_requests] == [f"sources/followed@{'c' * 40}"]
    source = resolve_source({"from": "tinystories", "name": "followed", "follow": "main"})
    assert source.revision == "c" * 40


def test_a_hub_that_is_away_is_a_skipped_tick(home, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    graph = graph_of_the_hub()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, definitions=definitions_of(graph))
        data = hub_revision_sensor(graph).evaluate_tick(context)
    assert data.skip_message.startswith("data set me/told at http://127.0.0.1:9 (HF_ENDPOINT): no answer")


def test_a_damaged_file_of_revisions_is_told(tmp_path):
    (tmp_path / "revisions.json").write_text("{")
    with pytest.raises(UserError, match=r"revisions.json: not JSON .*; delete it"):
        read_revisions(tmp_path)
