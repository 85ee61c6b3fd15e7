"""SIGTERM, Ctrl-C and a closed terminal ask a run to stop after the step that it is in."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

_SIGNALS = (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Interrupted(Exception):
    """A run stopped on request; its checkpoint is saved."""

    def __init__(self, message: str, signum: int) -> None:
        super().__init__(message)
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP, as shells have it."""
        return 128 + self.signum


class StopRequest:
    """Notes the first signal; a second Ctrl-C interrupts at once. The former handlers come back at exit.

    Outside of the main thread, where Python allows no handlers, it never reports a signal.
    """

    def __init__(self) -> None:
        self.signum: int | None = None
        self._former: dict[signal.Signals, Any] = {}

    def install(self) -> None:
        """Take the signals over, also from handlers that were set since the last call; nohup's SIGHUP stays ignored."""
        if threading.current_thread() is not threading.main_thread():
            return
        for signum in _SIGNALS:
            if signum not in (signal.SIGTERM, signal.SIGINT) and signal.getsignal(signum) == signal.SIG_IGN:
                continue
            former = signal.signal(signum, self._note)
            self._former.setdefault(signum, former)

    def __enter__(self) -> Self:
        self.install()
        return self

    def __exit__(self, *_: object) -> None:
        for signum, former in self._former.items():
            signal.signal(signum, former if former is not None else signal.SIG_DFL)
        self._former.clear()

    def _note(self, signum: int, frame: FrameType | None) -> None:
        if self.signum is not None and signum == signal.SIGINT:
            raise KeyboardInterrupt
        self.signum = signum
