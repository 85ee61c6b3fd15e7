"""Every package that is imported is declared in pyproject.toml, and none that is not."""

import subprocess
import sys
from pathlib import Path


def test_imports_are_those_that_are_declared() -> None:
    command = [sys.executable, "-m", "deptry", "--no-ansi", "fc_model", "fc_pipeline"]
    result = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
