"""Child processes that end with the process that started them, however that ends."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from multiprocessing import resource_tracker
from pathlib import Path

import psutil

from fc_model.child_process import leave_ctrl_c_to_the_parent

_PR_SET_PDEATHSIG = 1
_hooked = False


def forked_children_die_with_me() -> None:
    """From now on the kernel kills every fork of this process (so also of multiprocessing) when this process dies.

    Without it, `kill -9` of a run's process leaves the workers of its pools running. Uses PR_SET_PDEATHSIG of prctl(2);
    does nothing on other systems than Linux.
    """
    global _hooked
    if not _hooked:
        _hooked = True
        os.register_at_fork(after_in_child=_forked_child_dies_with_parent)


def _forked_child_dies_with_parent() -> None:
    leave_ctrl_c_to_the_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def interrupted_with_parent() -> None:
    """In a new child, before its program starts: it gets SIGINT when its parent dies, however that dies (on Linux).

    It heeds SIGINT even if the parent was started in the background of a shell, which makes it ignore that.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


def available_cores() -> int:
    """Cores that this process may use: its affinity, and the quota of its control group where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return cores
    return cores if quota == "max" else max(1, min(cores, round(int(quota) / int(period))))


_MOST_THREADS = 1 << 15  # what torch takes is an int of C; no machine has so many cores


def available_threads() -> int:
    """Threads of tensor libraries: what OMP_NUM_THREADS asks them for, else one a core."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(asked) if asked.isdecimal() and 0 < int(asked) <= _MOST_THREADS else available_cores()


def stop_children() -> None:
    """Kill every running process that this one started, directly or not.

    multiprocessing's resource tracker stays: it ends with this process, after it has removed what the others left.
    """
    tracker = getattr(resource_tracker._resource_tracker, "_pid", None)
    children = [child for child in psutil.Process().children(recursive=True) if child.pid != tracker]
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(children, timeout=10)
