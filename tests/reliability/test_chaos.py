"""Two seeds of the chaos run with five faults each; `make chaos` runs twenty, with seven."""

import subprocess
import sys

import pytest

from tests.reliability.processes import ROOT


@pytest.mark.timeout(900)
def test_two_seeds(tmp_path):
    options = ["--seeds", "2", "--faults", "5", "--scratch", str(tmp_path)]
    command = [sys.executable, "-m", "tests.reliability.chaos", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=850)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("chaos: 2 of 2 equal the build without faults\n")
