"""Peak memory is of a process itself, however large the one that started it."""

import subprocess
import sys


def test_own_peak_is_not_that_of_the_parent() -> None:
    large = b"x" * 400_000_000
    code = "from fc_pipeline.engine.resource_usage import peak_memory_bytes; print(peak_memory_bytes())"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 1_000_000 < int(child.stdout) < len(large)
