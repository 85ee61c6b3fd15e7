"""Batches are the same in whatever order they are asked for, and come from one thread or from processes."""

import os
import subprocess
import sys
import threading

import psutil
import pytest
from factories.numbered_batches import DAMAGED, DEADLY, Square, Squares

from fc_model.data import prefetch
from fc_model.data.prefetch import Prefetcher
from fc_model.errors import UserError


class Watched(Squares):
    """Notes what is made, and lets one wait for the second."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.second = threading.Event()

    def __call__(self, number: int) -> Square:
        self.made.append(number)
        if number == 1:
            self.second.set()
        return super().__call__(number)


def test_the_next_one_is_made_without_being_asked_for():
    squares = Watched()
    ahead = Prefetcher(squares)
    batches = [ahead(0)]
    assert squares.second.wait(timeout=30)
    batches += map(ahead, range(1, 6))
    ahead.close()
    assert [int(batch.value) for batch in batches] == [0, 1, 4, 9, 16, 25]
    assert squares.made[:6] == [0, 1, 2, 3, 4, 5], "none is made twice"
    threads = {batch.thread for batch in batches}
    assert len(threads) == 1 and threading.main_thread().name not in threads


@pytest.mark.parametrize("workers", [0, 2])
def test_jumps_and_errors_of_the_thread_and_of_workers(workers):
    ahead = Prefetcher(Squares(), workers=workers)
    batches = [ahead(number) for number in (0, 1, 2, 7, 8, 3, 3, 9)]
    assert [int(batch.value) for batch in batches] == [0, 1, 4, 49, 64, 9, 9, 81]
    assert (os.getpid() in {batch.pid for batch in batches}) is (workers == 0)
    assert ahead.window_ids(5) == [5]
    with pytest.raises(ValueError, match=f"^window {DAMAGED} is damaged$"):
        ahead(DAMAGED)
    assert int(ahead(11).value) == 121
    for number in (DEADLY, 0) if workers else ():
        with pytest.raises(UserError, match=r"^a process that makes batches was killed .*fewer runtime\.workers$"):
            ahead(number)
    ahead.close()


def test_a_stopped_worker_is_named_and_ended(monkeypatch):
    ahead = Prefetcher(Squares(), workers=1)
    worker = psutil.Process(ahead(0).pid)
    ahead(1)
    worker.suspend()
    monkeypatch.setattr(prefetch, "PATIENCE_SECONDS", 1.0)
    with pytest.raises(UserError, match=r"^no batch 7 after 1 s, of windows \[7\]: a process that makes .* hangs"):
        ahead(7)
    ahead.close()
    assert not worker.is_running()


_PARENT = """
import os, signal
from factories.numbered_batches import Squares
from fc_model.data import prefetch
from fc_model.data.prefetch import Prefetcher
if __name__ == "__main__":
    print(Prefetcher(Squares(), workers=1)(0).pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_with_their_parent():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.run([sys.executable, "-c", _PARENT], capture_output=True, env=environment, timeout=120)
    assert parent.returncode == -9, parent.stderr.decode()
    try:
        worker = psutil.Process(int(parent.stdout))
    except psutil.NoSuchProcess:
        return
    psutil.wait_procs([worker], timeout=30)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
