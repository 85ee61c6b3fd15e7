import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from factories.batch_functions import kill_self, refuse
from factories.waiting import alive, wait_until

from fc_model.errors import UserError
from fc_pipeline.executors import local
from fc_pipeline.executors.batching import chunks
from fc_pipeline.executors.local import in_child, local_map

PARENT = """
import sys
sys.path.insert(0, {folder!r})
from functools import partial
from factories.batch_functions import wait_while
from fc_pipeline.executors.local import local_map
if __name__ == "__main__":
    list(local_map(partial(wait_while, sys.argv[1]), range(4), workers=2))
"""


def slow_square(number: int) -> int:
    time.sleep(0.05 * (number % 3 == 0))
    return number * number


def process_id(_: int) -> int:
    return os.getpid()


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
    with pytest.raises(UserError, match="number 3 is bad"):
        list(local_map(refuse, [3, 4], workers=workers))


def test_a_killed_worker_is_one_clear_line_and_the_next_map_works() -> None:
    with pytest.raises(UserError, match="a worker process was killed"):
        list(local_map(kill_self, range(4), workers=2))
    assert list(local_map(slow_square, range(4), workers=2)) == [0, 1, 4, 9]


def test_a_function_that_aborts_costs_its_child_only() -> None:
    with pytest.raises(UserError, match="the work ended its process without a word"):
        in_child(kill_self, 3, what="the work")
    assert in_child(slow_square, 3, what="the work") == 9
    with pytest.raises(UserError, match="number 3 is bad"):
        in_child(refuse, 3, what="the work")


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    (tmp_path / "parent.py").write_text(PARENT.format(folder=str(Path(__file__).parents[2])))
    parent = subprocess.Popen([sys.executable, str(tmp_path / "parent.py"), str(tmp_path)])
    try:
        wait_until(lambda: len(list(tmp_path.glob("pid-*"))) == 2, "both workers have begun")
    finally:
        parent.kill()
        parent.wait()
    children = [int(path.name.removeprefix("pid-")) for path in tmp_path.glob("pid-*")]
    wait_until(lambda: not any(map(alive, children)), "no worker outlives its parent", seconds=10)


def test_chunks_keep_order_and_weight() -> None:
    assert list(chunks(["aa", "b", "cccc", "d"], weight=len, limit=3)) == [["aa", "b"], ["cccc"], ["d"]]
