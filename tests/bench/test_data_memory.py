"""The bench of memory: every step runs, and its figures are of real processes."""

import json
import subprocess
import sys
from pathlib import Path

from bench.data_memory import STEPS

ROOT = Path(__file__).resolve().parents[2]


def test_peaks() -> None:
    words = [sys.executable, "-m", "bench.data_memory", "--sizes", "1"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["step"] for line in lines] == list(STEPS)
    assert all(10 < line["peak_mb"][0] < 1000 and line["documents"][0] > 100 for line in lines)
