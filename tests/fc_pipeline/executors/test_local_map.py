import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fc_model.errors import UserError
from fc_pipeline.executors import local
from fc_pipeline.executors.batching import chunks
from fc_pipeline.executors.local import local_map

PARENT = """
import sys
sys.path.insert(0, {folder!r})
from fc_pipeline.executors.local import local_map
import test_local_map
if __name__ == "__main__":
    list(local_map(test_local_map.note_and_sleep, [sys.argv[1]] * 4, workers=2))
"""


def slow_square(number: int) -> int:
    time.sleep(0.05 * (number % 3 == 0))
    return number * number


def process_id(_: int) -> int:
    return os.getpid()


def note_and_sleep(folder: str) -> None:
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(60)


def kill_self(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(number: int) -> None:
    raise UserError(f"number {number} is bad")


@pytest.fixture(autouse=True, scope="module")
def pool_ends_with_the_module():
    """The pool outlives a step on purpose; a test run should not keep it."""
    yield
    local._pool.cache_clear()


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers: int) -> None:
    assert list(local_map(slow_square, range(20), workers=workers)) == [number**2 for number in range(20)]


def test_items_are_taken_as_they_are_needed() -> None:
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    results = local_map(slow_square, items(), workers=2)
    next(results)
    assert len(taken) < 10
    results.close()


def test_the_same_processes_do_the_next_map() -> None:
    first = set(local_map(process_id, range(20), workers=2))
    assert os.getpid() not in first
    assert set(local_map(process_id, range(20), workers=2)) & first
    assert set(local_map(process_id, [1], workers=2)) == {os.getpid()}, "one item starts nothing"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_of_the_function_is_the_callers(workers: int) -> None:
    with pytest.raises(UserError, match="number 1 is bad"):
        list(local_map(refuse, [1, 2], workers=workers))


def test_a_killed_worker_is_one_clear_line_and_the_next_map_works() -> None:
    with pytest.raises(UserError, match="a worker process was killed"):
        list(local_map(kill_self, range(4), workers=2))
    assert list(local_map(slow_square, range(4), workers=2)) == [0, 1, 4, 9]


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(folder=str(Path(__file__).parent)))
    notes = tmp_path / "notes"
    notes.mkdir()
    parent = subprocess.Popen([sys.executable, str(script), str(notes)])
    try:
        deadline = time.monotonic() + 60
        while len(list(notes.iterdir())) < 2:
            assert time.monotonic() < deadline and parent.poll() is None
            time.sleep(0.05)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    children = [int(path.name) for path in notes.iterdir()]
    deadline = time.monotonic() + 10
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in children):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)


def test_chunks_keep_order_and_weight() -> None:
    assert list(chunks(["aa", "b", "cccc", "d"], weight=len, limit=3)) == [["aa", "b"], ["cccc"], ["d"]]
