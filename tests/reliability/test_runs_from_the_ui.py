"""Runs that the web server launches: killed, terminated, and cut off by a power failure."""

import os
import signal

import pytest

from fc_pipeline.orchestration.launcher import worker_of
from tests.factories.waiting import wait_until
from tests.reliability.processes import Place, Services


def worker_pid(place: Place, run_id: str) -> int:
    return wait_until(lambda: worker_of(place.instance, run_id), "the run has logged its process").pid


def status(place: Place, run_id: str) -> str:
    return next(run.status.value for run in place.runs() if run.run_id == run_id)


@pytest.mark.parametrize("place", [{"steps": 300, "seconds": 0.05}], indirect=True)
def test_run_killed_and_terminated(place):
    services = Services(place)

    # Terminate from the UI while a stage trains.
    ended = services.launch()
    wait_until(lambda: place.step() >= 2, "the stage trains")
    assert len(place.children()) == 1
    assert services.terminate(ended) == "TerminateRunSuccess"
    wait_until(lambda: status(place, ended) == "CANCELED", "the run is canceled")
    wait_until(lambda: not place.children(), "what the run had started has ended")
    wait_until(lambda: place.claimed_slots() == 0, "its slot is free")

    # kill -9 of the run worker: the run fails, and is retried by itself.
    before = place.step()
    assert before >= 2
    killed = services.launch()
    wait_until(lambda: place.step() >= before + 2, "the next run trains on")
    assert len(place.children()) == 1
    os.kill(worker_pid(place, killed), signal.SIGKILL)
    wait_until(lambda: not place.children(), "what the run had started has ended")
    wait_until(lambda: status(place, killed) == "FAILURE", "the daemon has seen it")
    wait_until(lambda: len(place.runs()) == 3, "the daemon retries it")
    retried = place.runs()[0].run_id
    before = place.step()
    wait_until(lambda: place.step() >= before + 2, "the retried run trains on")

    # kill -9 of everything at once, as a power cut does; then a restart.
    for process in place.processes():
        process.kill()
    services.wait()
    wait_until(lambda: not place.processes(), "everything is dead")
    assert status(place, retried) == "STARTED"
    assert place.claimed_slots() == 1
    services = Services(place)
    wait_until(lambda: status(place, retried) == "FAILURE", "the daemon has seen it")
    last = services.launch()
    before = place.step()
    wait_until(lambda: place.step() > before, "the next run trains on")

    # The pages are closed while it trains: the run goes on without them.
    services.stop()
    assert status(place, last) == "STARTED"
    assert place.claimed_slots() == 1
    wait_until(lambda: status(place, last) == "SUCCESS", "the run completes")
    assert place.metrics("toy/stages/one")["resumed_from"] >= before
    wait_until(lambda: not place.processes(), "nothing is left")
    assert place.claimed_slots() == 0


@pytest.mark.parametrize("place", [{"steps": 40, "seconds": 0.05}], indirect=True)
def test_run_of_the_command_line_in_the_page(place):
    """It is retried when its process died, and executed again, as a run that the page launched."""
    killed = place.start("-m", "tests.reliability.fake_graph", log="run.log")
    wait_until(lambda: place.step() >= 2, "the stage trains")
    killed.kill()
    killed.wait()
    first = place.runs()[0].run_id
    services = Services(place)
    wait_until(lambda: len(place.runs()) == 2, "the daemon retries it")
    wait_until(lambda: place.statuses() == ["SUCCESS", "FAILURE"], "the retried run completes")
    for strategy in ("ALL_STEPS", "FROM_FAILURE"):
        again = services.execute_again(first, strategy)
        wait_until(lambda run=again: status(place, run) == "SUCCESS", f"{strategy} completes")
    services.stop()
    wait_until(lambda: not place.processes(), "nothing is left")
    assert place.claimed_slots() == 0
