"""The writer of small_writer.py in a process of its own, which strace may kill at a system call."""

import functools
import shutil
import subprocess
import sys
import tempfile

from factories import small_writer

SCRIPT = [sys.executable, "-W", "error", small_writer.__file__]
STRACE = shutil.which("strace")


def run(*arguments: object, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*before, *SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def strace(*arguments: str) -> tuple[str, ...]:
    return (str(STRACE), "-f", "-qq", "-o", "/dev/null", *arguments)


@functools.cache
def can_inject() -> bool:
    if STRACE is None:
        return False
    inject = strace("-e", "trace=fsync", "-e", "inject=fsync:signal=SIGKILL:when=1")
    with tempfile.TemporaryDirectory() as folder:
        return run("write", folder, 1, before=inject).returncode in (-9, 137)
