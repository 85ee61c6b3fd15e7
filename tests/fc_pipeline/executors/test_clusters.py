"""The same for Ray and Slurm: what they compute, how they fail, what they leave behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import batch_functions
from factories.waiting import alive, wait_until

from fc_model.errors import UserError
from fc_pipeline.executors.ordered_map import ordered_map
from fc_pipeline.executors.settings import ClusterExecutor

HERE = Path(__file__).parents[2]
SCRIPT = """
import sys
from functools import partial
from pathlib import Path
from factories import batch_functions
from fc_pipeline.executors import settings
from dagster._core.errors import raise_execution_interrupts
from fc_pipeline.executors.ordered_map import ordered_map
if __name__ == "__main__":
    kind, config, folder, root = sys.argv[1:]
    executor = getattr(settings, kind).model_validate_json(config)
    function = partial(batch_functions.wait_while, folder)
    with raise_execution_interrupts():  # as a step of Dagster runs
        list(ordered_map(function, range(2), executor=executor, workers=2, folder=lambda: Path(root), report=print))
"""


def run(executor: ClusterExecutor, root: Path, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    return ordered_map(function, items, executor=executor, workers=2, folder=lambda: root, report=lambda _: None)


def test_results_are_those_of_map_and_come_in_order(cluster, tmp_path: Path) -> None:
    texts = [[f"ten words {number}" * number, "ä \0 \u2028 😀", ""] for number in range(5)]
    function = partial(batch_functions.count, 3)
    results = run(cluster(batches_per_task=3), tmp_path, function, texts)
    for one, other in zip(results, map(function, texts), strict=True):
        assert isinstance(one, batch_functions.Counted)
        assert (one.words, one.raw) == (other.words, other.raw)
        assert one.lengths.dtype == other.lengths.dtype
        np.testing.assert_array_equal(one.lengths, other.lengths)
    assert not list(tmp_path.glob("*/inputs")), "what is computed is not kept twice"


def test_one_item_is_computed_here(cluster, tmp_path: Path) -> None:
    assert list(run(cluster(), tmp_path, lambda number: number + os.getpid(), [1])) == [1 + os.getpid()]
    assert list(run(cluster(), tmp_path, len, [])) == []
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (batch_functions.refuse, "number 3 is bad"),
        (batch_functions.divide, "ZeroDivisionError: division by zero"),
        (batch_functions.kill_self, "a worker process was killed (out of memory?)"),
    ],
)
def test_a_failure_is_one_line_with_its_log(cluster, tmp_path: Path, function, why: str) -> None:
    executor = cluster(batches_per_task=2)
    with pytest.raises(UserError) as raised:
        list(run(executor, tmp_path, function, range(4)))
    message = str(raised.value)
    assert message.startswith(why) and "\n" not in message
    assert f"(task 1 of 2 failed on {executor.kind}; log: " in message
    log = Path(message.rpartition("log: ")[2].removesuffix(")"))
    assert "Traceback" in log.read_text()


def test_what_was_computed_is_taken_over_and_nothing_else(cluster, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    executor, function = cluster(batches_per_task=2), partial(batch_functions.note, str(notes))
    root = tmp_path / "root"
    assert list(run(executor, root, function, range(4))) == [0, 1, 4, 9]
    (folder,) = root.iterdir()
    (folder / "results" / "00001.jsonl.zst").unlink()
    (folder / "datatrove" / "completions" / "00001").unlink()
    assert list(run(executor, root, function, range(4))) == [0, 1, 4, 9]
    calls = sorted(int(path.name.partition("-")[0]) for path in notes.iterdir())
    assert calls == [0, 1, 2, 2, 3, 3], "only the task without results ran again"
    assert list(run(executor, root, function, range(1, 5))) == [1, 4, 9, 16], "other items are another spool"


def start(executor: ClusterExecutor, folder: Path) -> "tuple[subprocess.Popen[bytes], list[int]]":
    """A process that maps `wait_while`, and the processes of the two tasks, which have begun."""
    (folder / "hold").touch()
    script = folder / "script.py"
    script.write_text(SCRIPT)
    arguments = [type(executor).__name__, executor.model_dump_json(), str(folder), str(folder / "root")]
    with (folder / "errors.txt").open("wb") as errors:
        process = subprocess.Popen([sys.executable, str(script), *arguments], stderr=errors)
    return process, wait_until(lambda: pids_of(folder, 2), "both tasks have begun")


def pids_of(folder: Path, num_tasks: int) -> list[int]:
    """The processes of `wait_while`; none before there are so many."""
    pids = [int(path.name.removeprefix("pid-")) for path in folder.glob("pid-*")]
    return pids if len(pids) >= num_tasks else []


def all_gone(pids: list[int]) -> bool:
    return not any(map(alive, pids))


def queue() -> str:
    return subprocess.run(["squeue", "--noheader"], capture_output=True, text=True, check=True).stdout


def test_ctrl_c_leaves_nothing_behind(cluster, tmp_path: Path) -> None:
    executor = cluster(batches_per_task=1)
    process, pids = start(executor, tmp_path)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=60)
    finally:
        (tmp_path / "hold").unlink()
    *_, last = (tmp_path / "errors.txt").read_text().splitlines()
    assert last.startswith("dagster._core.errors.DagsterExecutionInterruptedError"), "it is an interrupt to the caller"
    wait_until(lambda: all_gone(pids), "no task outlives Ctrl-C", seconds=30)
    if executor.kind == "slurm":
        wait_until(lambda: queue() == "", "no job outlives Ctrl-C", seconds=30)


def test_tasks_of_ray_end_with_a_killed_parent(ray, tmp_path: Path) -> None:
    process, pids = start(ray(batches_per_task=1), tmp_path)
    process.kill()
    process.wait()
    wait_until(lambda: all_gone(pids), "no task outlives its parent", seconds=30)


def test_jobs_of_slurm_are_waited_for_when_their_parent_was_killed(slurm, tmp_path: Path) -> None:
    executor = slurm(batches_per_task=1)
    process, pids = start(executor, tmp_path)
    process.kill()
    process.wait()
    assert not all_gone(pids)
    (tmp_path / "hold").unlink()
    function = partial(batch_functions.wait_while, str(tmp_path))
    assert list(run(executor, tmp_path / "root", function, range(2))) == [0, 1]
    assert len(list(tmp_path.glob("pid-*"))) == 2, "nothing was submitted again"
    # A task is done when it has said so, which is a moment before its job ends.
    wait_until(lambda: queue() == "", "no job is left", seconds=30)
