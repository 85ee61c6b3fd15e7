"""Memory and CPU time of this process and its children."""

import resource
import sys
import time

import psutil


def peak_memory_bytes() -> int:
    """Peak memory so far of this process or of any child that it has waited for, the larger of the two."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


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
