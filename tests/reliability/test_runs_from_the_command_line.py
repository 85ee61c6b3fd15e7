"""`fustercluck run` in a process of its own: Ctrl-C, kill -9, waiting for the accelerator."""

import re
import resource
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.factories.waiting import DEADLINE, wait_until
from tests.reliability.processes import ROOT, Place


def run(place: Place, log: str = "run.log"):
    return place.start("-m", "tests.reliability.fake_graph", log=log)


@pytest.mark.parametrize("place", [{"steps": 300}], indirect=True)
def test_run_interrupted_and_killed(place):
    # Ctrl-C while a stage trains.
    interrupted = run(place, "interrupted.log")
    wait_until(lambda: place.step() >= 2, "the stage trains")
    assert len(place.children()) == 1
    interrupted.send_signal(signal.SIGINT)
    assert interrupted.wait(DEADLINE) == 130
    assert "interrupted; what is finished stays" in place.log("interrupted.log")
    assert "Traceback" not in place.log("interrupted.log")
    assert place.processes() == []
    assert place.claimed_slots() == 0
    assert place.statuses() == ["CANCELED"]

    # Ctrl-C while a second run waits for the accelerator that the first one holds.
    before = place.step()
    killed = run(place, "killed.log")
    wait_until(lambda: place.step() >= before + 2, "the next run trains on")
    waiting = run(place, "waiting.log")
    wait_until(lambda: "pool 'accelerator'" in place.log("waiting.log"), "the second run says that it waits")
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(DEADLINE) == 130, place.log("waiting.log")
    assert place.statuses() == ["CANCELED", "STARTED", "CANCELED"]

    # A run that waits leaves the core to the one that it waits for.
    place.environment["FC_TEST_SECONDS"] = "0"
    last = run(place, "last.log")
    wait_until(lambda: "pool 'accelerator'" in place.log("last.log"), "the third run says that it waits")
    spent = sum(psutil.Process(last.pid).cpu_times()[:2])
    time.sleep(3)
    assert sum(psutil.Process(last.pid).cpu_times()[:2]) - spent < 1.5

    # kill -9, and no daemon to notice: the run that waits frees the slot and goes on.
    killed.kill()
    killed.wait(DEADLINE)
    before = place.step()
    assert last.wait(DEADLINE) == 0, place.log("last.log")
    assert "its slots are free again" in place.log("last.log")
    assert place.statuses() == ["SUCCESS", "CANCELED", "FAILURE", "CANCELED"]
    assert place.claimed_slots() == 0
    assert place.metrics("toy/stages/one")["resumed_from"] >= before


@pytest.mark.parametrize("place", [{"steps": 3}], indirect=True)
def test_full_disk_of_the_database(place):
    """SQLite may write no byte beyond a limit, as on a full disk; with room again the run completes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))

    command = [sys.executable, "-m", "tests.reliability.fake_graph"]
    done = subprocess.run(command, cwd=ROOT, env=place.environment, preexec_fn=limit, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    assert re.search(r"error: .*Dagster's database: .* MB free\); make room", done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert run(place).wait(DEADLINE) == 0, place.log("run.log")
