"""Waiting for other processes, with a generous deadline."""

import time
from collections.abc import Callable
from typing import Any

import psutil

DEADLINE = 150.0


def wait_until(condition: Callable[[], Any], what: str, *, seconds: float = DEADLINE) -> Any:
    """Polls; returns the first true value, fails with `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)
    return value


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
