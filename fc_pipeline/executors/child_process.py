"""Worker processes that end when the process that started them does, however it ends."""

import ctypes
import os
import signal
import sys
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
_hooked = False


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies (prctl(2), PR_SET_PDEATHSIG; nothing on other systems).

    Call it in a child, for example as `ProcessPoolExecutor(initializer=die_with_parent)`. Ctrl-C in a terminal goes
    to every process of the group: the child ignores it, so that the parent alone decides and prints.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def forked_children_die_with_me() -> None:
    """From now on every `os.fork` of this process (so also of multiprocessing) calls `die_with_parent` in the child.

    Without this, a `kill -9` of a run's process leaves the workers of its pools computing for nobody.
    """
    global _hooked
    if not _hooked:
        _hooked = True
        os.register_at_fork(after_in_child=die_with_parent)


def available_cores() -> int:
    """Cores that this process may use: its affinity, and the quota of its control group where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return cores
    return cores if quota == "max" else max(1, min(cores, round(int(quota) / int(period))))


def stop_children() -> None:
    """Kill every process that this one has started, directly or not, and that still runs."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(children, timeout=10)
