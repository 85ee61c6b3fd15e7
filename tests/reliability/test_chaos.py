"""Two seeds of the chaos run; `make chaos` runs twenty."""

import subprocess
import sys

import pytest

from tests.reliability.processes import ROOT


@pytest.mark.timeout(900)
def test_two_seeds(tmp_path):
    command = [sys.executable, "-m", "tests.reliability.chaos", "--seeds", "2", "--scratch", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=850)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("chaos: 2 of 2 equal the build without faults\n")
