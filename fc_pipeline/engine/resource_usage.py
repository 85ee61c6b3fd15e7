"""Memory and CPU time of this process and its children."""

import re
import resource
import sys
import time
from pathlib import Path

import psutil

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


def peak_memory_bytes() -> int:
    """Peak memory so far of this process or of any child that it has waited for, the larger of the two."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _MAXRSS_UNIT
    return max(own_peak_memory_bytes(), children)


def own_peak_memory_bytes() -> int:
    """Peak memory so far of this process alone.

    Linux counts the process that started this one into its `ru_maxrss`; `VmHWM` (proc(5)) begins anew with a program.
    """
    status = Path("/proc/self/status")
    match = re.search(r"^VmHWM:\s*(\d+) kB$", status.read_text(), re.MULTILINE) if status.exists() else None
    return int(match[1]) * 1024 if match else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT


def tree_cpu_seconds() -> float:
    """User and system seconds of this process and its descendants so far (macOS forgets those that have ended)."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = time.process_time() + ended.ru_utime + ended.ru_stime
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:  # has just ended, and counts among its parent's children now
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
