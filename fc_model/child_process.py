"""A child of multiprocessing that ends with its parent, however that ends."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait


def leave_ctrl_c_to_the_parent() -> None:
    """Ignore SIGINT, which a terminal sends to every process of the group; only the parent acts on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def spawned_child_dies_with_parent() -> None:
    """Initializer of a spawned worker, `ProcessPoolExecutor(initializer=...)`: the worker ends with its parent.

    A thread waits for a pipe that the kernel closes with the parent, on every platform. PR_SET_PDEATHSIG does
    not fit here: it kills when the *thread* that started the worker ends, and a pool outlives that thread.
    """
    leave_ctrl_c_to_the_parent()
    parent = multiprocessing.parent_process()
    assert parent is not None, "runs in a child of multiprocessing"
    threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
