"""Batches are the same in whatever order they are asked for, and come from one thread or from processes."""

import os
import subprocess
import sys
import threading

import psutil
import pytest
from factories import numbered_batches
from factories.numbered_batches import DAMAGED, DEADLY

from fc_model.data.prefetch import Prefetcher
from fc_model.errors import UserError


class Squares:
    """Batch n is n * n; the tenth is broken."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.threads: set[str] = set()
        self.second = threading.Event()

    def __call__(self, number: int) -> int:
        self.made.append(number)
        self.threads.add(threading.current_thread().name)
        if number == 1:
            self.second.set()
        if number == 10:
            raise ValueError("window 10 is damaged")
        return number * number

    def window_ids(self, number: int) -> list[int]:
        return [number]


def test_the_next_one_is_made_without_being_asked_for():
    squares = Squares()
    ahead = Prefetcher(squares)
    assert ahead(0) == 0
    assert squares.second.wait(timeout=30)
    assert [ahead(number) for number in range(1, 6)] == [1, 4, 9, 16, 25]
    ahead.close()
    assert squares.made[:6] == [0, 1, 2, 3, 4, 5], "none is made twice"
    assert len(squares.threads) == 1 and threading.main_thread().name not in squares.threads


def test_jumps_forth_and_back():
    ahead = Prefetcher(Squares())
    assert [ahead(number) for number in (3, 4, 0, 1, 1, 7)] == [9, 16, 0, 1, 1, 49]
    assert ahead.window_ids(5) == [5]
    ahead.close()


def test_an_error_is_raised_where_its_batch_is_asked_for():
    ahead = Prefetcher(Squares())
    assert ahead(9) == 81
    with pytest.raises(ValueError, match="window 10 is damaged"):
        ahead(10)
    assert ahead(11) == 121
    ahead.close()


def test_workers_make_the_same():
    ahead = Prefetcher(numbered_batches.Squares(), workers=2)
    batches = [ahead(number) for number in (0, 1, 2, 7, 8, 3, 3)]
    assert [int(batch.value) for batch in batches] == [0, 1, 4, 49, 64, 9, 9]
    assert os.getpid() not in {batch.pid for batch in batches}
    assert ahead.window_ids(5) == [5]
    with pytest.raises(ValueError, match=f"^window {DAMAGED} is damaged$"):
        ahead(DAMAGED)
    assert int(ahead(11).value) == 121
    for number in (DEADLY, 0):
        with pytest.raises(UserError, match=r"^a process that makes batches was killed .*fewer runtime\.workers$"):
            ahead(number)
    ahead.close()


_PARENT = """
import os, signal
from factories.numbered_batches import Squares
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
