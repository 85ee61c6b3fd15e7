"""A Dagster instance in a temporary folder, and real processes on it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from dagster import DagsterInstance, DagsterRun

from tests.factories.waiting import DEADLINE, alive, wait_until

ROOT = Path(__file__).resolve().parents[2]
_FAST = {
    "poll_interval_seconds: 15": "poll_interval_seconds: 1",
    "slots_after_run_end_seconds: 5": "slots_after_run_end_seconds: 1",
}


class Place:
    """DAGSTER_HOME (the project's own settings, polling faster), FC_HOME, and the environment that names them."""

    def __init__(self, folder: Path, *, steps: int = 60, seconds: float = 0.1) -> None:
        self.dagster_home = folder / "dagster_home"
        self.fc_home = folder / "data"
        self.pids = folder / "pids"
        for path in (self.dagster_home, self.fc_home, self.pids):
            path.mkdir(parents=True)
        settings = (ROOT / "dagster_home" / "dagster.yaml").read_text("utf-8")
        for slow, fast in _FAST.items():
            assert slow in settings
            settings = settings.replace(slow, fast)
        (self.dagster_home / "dagster.yaml").write_text(settings, "utf-8")
        self.environment = os.environ | {
            "DAGSTER_HOME": str(self.dagster_home),
            "FC_HOME": str(self.fc_home),
            "FC_TEST_STEPS": str(steps),
            "FC_TEST_SECONDS": str(seconds),
            "FC_TEST_PIDS": str(self.pids),
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *arguments: str, log: str) -> "subprocess.Popen[bytes]":
        """`python <arguments>` in a session of its own; output in the file `log`."""
        with (self.dagster_home.parent / log).open("ab") as output:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment,
                start_new_session=True,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def log(self, name: str) -> str:
        return (self.dagster_home.parent / name).read_text("utf-8")

    @cached_property
    def instance(self) -> DagsterInstance:
        return DagsterInstance.from_config(str(self.dagster_home))

    def runs(self) -> list[DagsterRun]:
        return list(self.instance.get_runs())

    def statuses(self) -> list[str]:
        """Of all runs, the newest first."""
        return [run.status.value for run in self.runs()]

    def claimed_slots(self) -> int:
        storage = self.instance.event_log_storage
        return sum(len(storage.get_concurrency_info(key).claimed_slots) for key in storage.get_concurrency_keys())

    def step(self) -> int:
        """How far the training step has come, 0 before it starts."""
        places = list(self.fc_home.glob("toy/stages/one/*/workspace/training/step.txt"))
        text = places[0].read_text() if places else ""
        return int(text) if text else 0

    def children(self) -> list[int]:
        """Live processes that training steps have started."""
        pids = [int(path.name.rpartition("-")[2]) for path in self.pids.iterdir()]
        return [pid for pid in pids if alive(pid)]

    def processes(self) -> list[psutil.Process]:
        """Every live process that works for this place."""
        processes = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                if process.environ().get("DAGSTER_HOME") == str(self.dagster_home) and alive(process.pid):
                    processes.append(process)
        return processes

    def metrics(self, key: str) -> dict[str, float]:
        """Of the newest artifact of a key."""
        manifests = sorted(self.fc_home.glob(f"{key}/*/manifest.json"), key=lambda path: path.stat().st_mtime)
        return json.loads(manifests[-1].read_text("utf-8"))["metrics"]

    def remove(self) -> None:
        """Kill what a failed test has left."""
        self.instance.dispose()
        for process in self.processes():
            process.kill()
        shutil.rmtree(self.dagster_home.parent, ignore_errors=True)


class Services:
    """The web server and the daemon, each with a code server of its own."""

    def __init__(self, place: Place, *, workspace: str = "workspace.yaml") -> None:
        self.place = place
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # The databases are made once and here: two processes that both find none would both make them.
        place.runs()
        location = ("-w", str(ROOT / "tests" / "reliability" / workspace))
        web = ("-m", "dagster_webserver", *location, "-h", "127.0.0.1", "-p", str(self.port))
        self.web = place.start(*web, log="web.log")
        self.daemon = place.start("-m", "dagster._daemon", "run", *location, log="daemon.log")
        wait_until(self._ready, "the web server serves the code location")

    def _ready(self) -> bool:
        assert self.web.poll() is None, self.place.log("web.log")
        assert self.daemon.poll() is None, self.place.log("daemon.log")
        try:
            entries = self.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
        except (urllib.error.URLError, ConnectionError):
            return False
        return bool(entries["repositoriesOrError"]["nodes"])

    def ask(self, query: str, **variables: Any) -> Any:
        """GraphQL, as the pages of the UI send it."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/graphql", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def launch(self) -> str:
        """Launch the job; returns the run's id."""
        selector = {"repositoryLocationName": "fustercluck", "repositoryName": "__repository__", "jobName": "toy"}
        query = """mutation Launch($params: ExecutionParams!) { launchRun(executionParams: $params) {
            __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
        params = {"selector": selector, "runConfigData": {}, "mode": "default"}
        answer = self.ask(query, params=params)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def execute_again(self, run_id: str, strategy: str) -> str:
        """As the page's "Re-execute" does (ALL_STEPS, FROM_FAILURE); returns the new run's id."""
        query = """mutation Again($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
            __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
        params = {"parentRunId": run_id, "strategy": strategy}
        answer = self.ask(query, params=params)["launchRunReexecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def terminate(self, run_id: str) -> str:
        """As the Terminate button does; returns the type of the answer."""
        query = """mutation End($id: String!) { terminateRun(runId: $id) { __typename } }"""
        return self.ask(query, id=run_id)["terminateRun"]["__typename"]

    def stop(self) -> None:
        """As a service manager should: SIGINT, then wait."""
        for process in (self.web, self.daemon):
            process.send_signal(signal.SIGINT)
        self.wait()

    def wait(self) -> None:
        for process in (self.web, self.daemon):
            process.wait(DEADLINE)
