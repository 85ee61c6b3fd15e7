import os
import subprocess
import sys
import threading
import time

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus

from fc_pipeline.orchestration.launcher import LocalRunLauncher, Worker, reclaim_dead_runs, worker_of

_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def instance(memory_disk):
    with dg.DagsterInstance.local_temp(str(memory_disk)) as instance:
        yield instance


@pytest.fixture
def launcher(instance) -> LocalRunLauncher:
    launcher = LocalRunLauncher()
    launcher.register_instance(instance)
    return launcher


def started_run(instance: dg.DagsterInstance, pid: int | None) -> dg.DagsterRun:
    """A run that has begun, in the process of this pid."""

    @dg.job
    def empty():
        pass

    run = instance.create_run_for_job(empty)
    if pid is not None:
        instance.report_engine_event("Started process", run, EngineEventData.in_process(pid))
    dg.DagsterInstance.report_dagster_event(
        instance, dagster_event=dg.DagsterEvent(event_type_value="PIPELINE_START", job_name="empty"), run_id=run.run_id
    )
    started = instance.get_run_by_id(run.run_id)
    assert started.status == dg.DagsterRunStatus.STARTED
    return started


def test_worker_running_and_pid_reused(sleeper):
    assert Worker(pid=sleeper.pid, seen_at=time.time()).process().pid == sleeper.pid
    assert Worker(pid=sleeper.pid, seen_at=time.time() - 3600).process() is None


def test_worker_zombie(sleeper):
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # a zombie: it has ended and is not reaped
    assert Worker(pid=sleeper.pid, seen_at=time.time()).process() is None
    sleeper.wait()
    assert Worker(pid=sleeper.pid, seen_at=time.time()).process() is None


def test_worker_newest(instance, sleeper):
    run = started_run(instance, 1)
    instance.report_engine_event("Executing steps", run, EngineEventData.in_process(sleeper.pid))
    instance.report_engine_event("Something else", run)
    assert worker_of(instance, run.run_id).pid == sleeper.pid


def test_health(instance, launcher, sleeper):
    run = started_run(instance, sleeper.pid)
    assert launcher.supports_check_run_worker_health
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    sleeper.kill()
    sleeper.wait()
    health = launcher.check_run_worker_health(run)
    assert health.status == WorkerStatus.FAILED
    assert str(sleeper.pid) in health.msg
    assert launcher.check_run_worker_health(started_run(instance, None)).status == WorkerStatus.RUNNING


def test_reclaim_dead_runs(instance, sleeper):
    living = started_run(instance, sleeper.pid)
    unknown = started_run(instance, None)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    dead, asked = started_run(instance, gone.pid), started_run(instance, gone.pid)
    gone.wait()
    instance.report_run_canceling(asked)
    assert set(reclaim_dead_runs(instance)) == {dead.run_id, asked.run_id}
    statuses = {run.run_id: run.status.value for run in instance.get_runs()}
    assert statuses[dead.run_id] == "FAILURE"
    assert statuses[asked.run_id] == "CANCELED"
    assert statuses[living.run_id] == statuses[unknown.run_id] == "STARTED"


def test_terminate_dead(instance, launcher, sleeper):
    run = started_run(instance, sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert launcher.terminate(run.run_id)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELED
    assert not launcher.terminate(run.run_id)


def test_terminate_deaf(instance, launcher, monkeypatch):
    monkeypatch.setattr("fc_pipeline.orchestration.launcher.GRACE_SECONDS", 0.5)
    deaf = subprocess.Popen([sys.executable, "-c", _DEAF], stdout=subprocess.PIPE)
    with deaf:
        assert deaf.stdout.readline() == b"1\n"
        run = started_run(instance, deaf.pid)
        assert launcher.terminate(run.run_id)
        deaf.wait(30)
    for thread in threading.enumerate():
        if thread.name == f"end {run.run_id}":
            thread.join(30)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELED
