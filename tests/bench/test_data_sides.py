"""Processor time of a side counts its children, and rates are medians over rounds."""

import subprocess
import sys

from bench.data_sides import Race, tree_timed
from fc_pipeline.engine.resource_usage import tree_cpu_seconds

BUSY = "import time\nwhile time.process_time() < 0.4: pass\nprint('done', flush=True)\ninput()"


def test_tree_cpu_seconds() -> None:
    before = tree_cpu_seconds()
    child = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"done\n"
    alive = tree_cpu_seconds()
    assert alive - before >= 0.38, "all but what clock ticks round off"
    child.communicate(b"\n")
    assert tree_cpu_seconds() >= alive - 0.02, "nothing is forgotten but what clock ticks round off"


def test_tree_timed() -> None:
    seconds = tree_timed(lambda: subprocess.run([sys.executable, "-c", BUSY], input=b"\n", capture_output=True))
    assert seconds.cpu >= 0.4 and seconds.wall >= 0.4


def test_rates() -> None:
    runs = {
        "ours": [{"cpu": 1.0, "wall": 2.0, "kept": 3}, {"cpu": 9.0, "wall": 9.0}, {"cpu": 2.0, "wall": 4.0}],
        "peer": [{"cpu": 6.0, "wall": 6.0}],
    }
    race = Race(runs, {})
    assert race.rates(4.0)["ours"] == {"mb_per_cpu_second": 2.0, "mb_per_second": 1.0, "kept": 3}
    assert race.over("ours", ["peer", "absent"]) == {"ours_over_peer": 3.0}
