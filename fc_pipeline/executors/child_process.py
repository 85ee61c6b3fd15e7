"""Child processes that end with the process that started them, however that ends."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait
from pathlib import Path

import psutil

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
    _leave_ctrl_c_to_the_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def spawned_child_dies_with_parent() -> None:
    """Initializer of a spawned worker, `ProcessPoolExecutor(initializer=...)`: the worker ends with its parent.

    A thread waits for a pipe that the kernel closes with the parent, on every platform. PR_SET_PDEATHSIG does
    not fit here: it kills when the *thread* that started the worker ends, and a pool outlives that thread.
    """
    _leave_ctrl_c_to_the_parent()
    parent = multiprocessing.parent_process()
    assert parent is not None, "runs in a child of multiprocessing"
    threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def _leave_ctrl_c_to_the_parent() -> None:
    """Ignore SIGINT, which a terminal sends to every process of the group; only the parent acts on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def available_cores() -> int:
    """Cores that this process may use: its affinity, and the quota of its control group where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return cores
    return cores if quota == "max" else max(1, min(cores, round(int(quota) / int(period))))


def stop_children() -> None:
    """Kill every running process that this one started, directly or not."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(children, timeout=10)
