"""Children of a run that is given up: all of them end, and nothing is said of it."""

import subprocess
import sys

PROGRAM = """
import multiprocessing, subprocess, time
from concurrent.futures import ProcessPoolExecutor
from fc_pipeline.executors.child_process import stop_children

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    pool.submit(int).result()
    (worker,) = pool._processes
    sleeping = subprocess.Popen(["sleep", "600"])
    stop_children()
    assert sleeping.poll() is not None
    pool.shutdown()
    print("done")
"""


def test_children_end_without_a_word(tmp_path) -> None:
    """multiprocessing's resource tracker was killed too, and complained of each semaphore when the program ended."""
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run([sys.executable, tmp_path / "program.py"], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)
