"""The writer of small_writer.py in a process of its own, which strace may kill at a system call."""

import shutil
import subprocess
import sys
from pathlib import Path

from factories import small_writer

SCRIPT = [sys.executable, "-W", "error", small_writer.__file__]
STRACE = shutil.which("strace")


def run(*arguments: object, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*before, *SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def strace(*arguments: str) -> tuple[str, ...]:
    return (str(STRACE), "-f", "-qq", "-o", "/dev/null", *arguments)


def can_inject(folder: Path) -> bool:
    if STRACE is None:
        return False
    result = run("write", folder, 1, before=strace("-e", "trace=fsync", "-e", "inject=fsync:signal=SIGKILL:when=1"))
    return result.returncode in (-9, 137)
