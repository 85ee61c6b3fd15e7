"""Signals of the command line."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGTERM, signal.SIGHUP)
"""What a service manager, `docker stop`, and a closed terminal send."""


@contextmanager
def ends_like_ctrl_c() -> Iterator[None]:
    """Inside, a signal that ends a process raises KeyboardInterrupt; one that is ignored (nohup) stays so."""

    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
