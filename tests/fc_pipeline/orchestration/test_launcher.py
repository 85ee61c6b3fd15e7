import os
import subprocess
import sys
import threading
from dataclasses import replace

import dagster as dg
import psutil
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.launcher import WorkerStatus

from fc_model.artifacts.host import Host
from fc_pipeline.orchestration import worker as worker_module
from fc_pipeline.orchestration.launcher import LocalRunLauncher, reclaim_dead_runs
from fc_pipeline.orchestration.worker import TAG, Worker, one_process_executor, worker_of

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


def created_run(instance: dg.DagsterInstance, worker: Worker | None) -> dg.DagsterRun:
    @dg.job
    def empty():
        pass

    run = instance.create_run_for_job(empty)
    if worker is not None:
        instance.add_run_tags(run.run_id, worker.tags(run.run_id))
    return run


def started_run(instance: dg.DagsterInstance, worker: Worker | None) -> dg.DagsterRun:
    """A run that has begun, in this process."""
    run = created_run(instance, worker)
    dg.DagsterInstance.report_dagster_event(
        instance, dagster_event=dg.DagsterEvent(event_type_value="PIPELINE_START", job_name="empty"), run_id=run.run_id
    )
    started = instance.get_run_by_id(run.run_id)
    assert started.status == dg.DagsterRunStatus.STARTED
    return started


ELSEWHERE = [
    {"host": "other", "machine": "m", "boot": "b"},
    {"pid_namespace": "pid:[1]"},
    {"host": "other", "pid_namespace": "pid:[1]"},
    {"host": "other", "boot": "b"},
    {"machine": "m", "boot": "b"},
]


def of(pid: int) -> Worker:
    return replace(Worker.this(), pid=pid, start=worker_module._start_of(pid))


def test_worker_running_and_pid_reused(sleeper):
    assert of(sleeper.pid).state() == "alive"
    assert replace(of(sleeper.pid), start="1").state() == "dead"
    assert of(2**22 + 1).state() == "dead"


def test_worker_zombie(sleeper):
    worker = of(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # a zombie: it has ended and is not reaped
    assert worker.state() == "dead"
    sleeper.wait()
    assert worker.state() == "dead"


def test_worker_name_with_brackets(tmp_path):
    program = tmp_path / "a) R 1 (b"
    program.symlink_to(sys.executable)
    with subprocess.Popen([str(program), "-c", "import time; time.sleep(600)"]) as process:
        assert of(process.pid).state() == "alive"
        assert int(of(process.pid).start) > int(worker_module._start_of(os.getpid()))
        process.kill()


@pytest.mark.parametrize("other", ELSEWHERE, ids=str)
def test_worker_elsewhere(sleeper, other):
    sleeper.kill()
    sleeper.wait()
    worker = of(sleeper.pid)
    assert replace(worker, host=replace(worker.host, **other)).state() == "elsewhere"


def test_worker_before_a_reboot(sleeper):
    """Its pid and its start may be those of a living process: the boot tells."""
    worker = of(sleeper.pid)
    assert replace(worker, host=replace(worker.host, boot="before", pid_namespace="pid:[1]")).state() == "dead"


def test_worker_itself():
    assert replace(Worker.this(), start="never").state() == "alive", "a process never declares itself dead"


def test_worker_without_proc(sleeper, tmp_path, monkeypatch):
    monkeypatch.setattr(worker_module, "_PROC", tmp_path)
    worker = of(sleeper.pid)
    assert worker.start == repr(psutil.Process(sleeper.pid).create_time())
    assert worker.state() == "alive"
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert worker.state() == "dead"
    sleeper.wait()
    assert worker.state() == "dead"


def test_worker_no_boot_id(monkeypatch, sleeper):
    """As on macOS, where the name of the host tells."""
    here = Host(host="mac")
    monkeypatch.setattr(Host, "this", lambda: here)
    worker = of(sleeper.pid)
    assert worker.state() == "alive"
    assert replace(worker, host=Host(host="another")).state() == "elsewhere"


def test_worker_clock_is_set(sleeper, monkeypatch):
    """The kernel derives start times by the clock from the boot time, which moves with the clock."""
    worker = of(sleeper.pid)
    monkeypatch.setattr("time.time", lambda: 0.0)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: 4e9)
    assert worker.state() == "alive"


def test_worker_of_is_not_inherited(instance, sleeper):
    parent = started_run(instance, of(sleeper.pid))
    child = started_run(instance, None)
    instance.add_run_tags(child.run_id, {TAG: instance.get_run_by_id(parent.run_id).tags[TAG]})
    assert worker_of(instance, parent.run_id) == of(sleeper.pid)
    assert worker_of(instance, child.run_id) is None
    assert reclaim_dead_runs(instance) == []


def test_executor_tags_the_run(instance):
    @dg.op
    def look(context: dg.OpExecutionContext) -> None:
        assert worker_of(context.instance, context.run_id) == Worker.this()

    @dg.job(executor_def=one_process_executor)
    def looks():
        look()

    run = instance.create_run_for_job(looks)
    execute_run(InMemoryJob(looks), run, instance, raise_on_error=True)


def test_health(instance, launcher, sleeper):
    run = started_run(instance, of(sleeper.pid))
    assert launcher.supports_check_run_worker_health
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    sleeper.kill()
    sleeper.wait()
    health = launcher.check_run_worker_health(run)
    assert health.status == WorkerStatus.FAILED
    assert str(sleeper.pid) in health.msg
    assert launcher.check_run_worker_health(started_run(instance, None)).status == WorkerStatus.RUNNING


def test_reclaim_dead_runs(instance, sleeper):
    living = started_run(instance, of(sleeper.pid))
    unknown = started_run(instance, None)
    gone = replace(of(sleeper.pid), start="1")
    dead, asked = started_run(instance, gone), started_run(instance, gone)
    foreign = started_run(instance, replace(gone, host=Host(host="other")))
    waiting, killed_early = created_run(instance, None), created_run(instance, gone)
    instance.report_run_canceling(asked)
    assert set(reclaim_dead_runs(instance)) == {dead.run_id, asked.run_id, killed_early.run_id}
    statuses = {run.run_id: run.status.value for run in instance.get_runs()}
    assert statuses[dead.run_id] == statuses[killed_early.run_id] == "FAILURE"
    assert statuses[waiting.run_id] == "NOT_STARTED"
    assert statuses[asked.run_id] == "CANCELED"
    assert statuses[living.run_id] == statuses[unknown.run_id] == statuses[foreign.run_id] == "STARTED"


def test_slots_of_ended_runs_are_freed(instance, sleeper):
    """A run that failed since the disk was full could not give its slot back."""
    living, failed = started_run(instance, of(sleeper.pid)), started_run(instance, of(sleeper.pid))
    storage = instance.event_log_storage
    storage.set_concurrency_slots("cores", 3)
    for run_id in (living.run_id, failed.run_id, "of a run that was deleted"):
        assert storage.claim_concurrency_slot("cores", run_id, "step").is_claimed
    instance.report_run_failed(failed)
    assert reclaim_dead_runs(instance) == []
    assert [slot.run_id for slot in storage.get_concurrency_info("cores").claimed_slots] == [living.run_id]


def test_terminate_dead(instance, launcher, sleeper):
    run = started_run(instance, of(sleeper.pid))
    sleeper.kill()
    sleeper.wait()
    assert launcher.terminate(run.run_id)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELED
    assert not launcher.terminate(run.run_id)


def test_elsewhere_is_not_touched(instance, launcher, sleeper):
    """A process of ours has the number that the run's process has on its own host."""
    run = started_run(instance, replace(of(sleeper.pid), host=Host(host="node7", boot="b", pid_namespace="pid:[1]")))
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    assert not launcher.terminate(run.run_id)
    assert sleeper.poll() is None
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.STARTED
    messages = [entry.get_dagster_event().message for entry in instance.all_logs(run.run_id)]
    assert any("on node7, out of reach" in (message or "") for message in messages)


def test_terminate_deaf(instance, launcher, monkeypatch):
    monkeypatch.setattr("fc_pipeline.orchestration.launcher.GRACE_SECONDS", 0.5)
    deaf = subprocess.Popen([sys.executable, "-c", _DEAF], stdout=subprocess.PIPE)
    with deaf:
        assert deaf.stdout.readline() == b"1\n"
        run = started_run(instance, of(deaf.pid))
        assert launcher.terminate(run.run_id)
        deaf.wait(30)
    for thread in threading.enumerate():
        if thread.name == f"end {run.run_id}":
            thread.join(30)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELED
