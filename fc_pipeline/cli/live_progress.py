"""Progress of a run on the terminal: one line an asset, and a live line while a stage trains."""

import io
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from fc_pipeline.components.progress import Listener
from fc_pipeline.formatting import duration, training_progress

_LIVE_SECONDS = 0.5
_PLAIN_SECONDS = 30.0
_CLEAR = "\r\x1b[2K"


def own_stream(descriptor: int = 1) -> TextIO:
    """A stream to where `descriptor` leads now: it stays on the terminal while Dagster redirects the steps' output."""
    return io.TextIOWrapper(
        os.fdopen(os.dup(descriptor), "wb", buffering=0), "utf-8", errors="replace", write_through=True
    )


class Terminal(Listener):
    """Prints what the assets of a run do. Without a terminal the live line becomes a plain one every 30 s."""

    def __init__(self, stream: TextIO, total: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._total = total
        self._clock = clock
        self._live = stream.isatty()
        self._done = 0
        self._shown_at = 0.0
        self.built = 0
        self.reused = 0
        self.on_interrupt: Callable[[], object] = lambda: None
        self._waited_for: set[str] = set()
        self._error: OSError | None = None

    def started(self, key: str) -> None:
        self._shown_at = self._clock()
        if self._live:
            self._write(f"{_CLEAR}{self._place()} {key} ...")

    def progress(self, key: str, metrics: dict[str, Any]) -> None:
        now = self._clock()
        if now - self._shown_at >= (_LIVE_SECONDS if self._live else _PLAIN_SECONDS):
            self._shown_at = now
            line = f"{self._place()} {key}  {training_progress(metrics)}"
            self._write(f"{_CLEAR}{line}" if self._live else f"{line}\n")

    def finished(self, key: str, *, reused: bool, seconds: float, quarantined: Mapping[str, int] | None = None) -> None:
        self._done += 1
        self.reused += reused
        self.built += not reused
        self.note(f"{self._place(self._done)} {key}  {'reused' if reused else f'built in {duration(seconds)}'}")
        if quarantined:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in quarantined.items())
            self.note(f"  {sum(quarantined.values()):,} quarantined, in its quarantine.jsonl.zst: {reasons}")

    def failed(self, key: str) -> None:
        self.note(f"{self._place()} {key}  FAILED")

    def interrupted(self) -> None:
        self.on_interrupt()

    def waiting(self, pool: str) -> None:
        if pool not in self._waited_for:
            self._waited_for.add(pool)
            self.note(f"{self._place()} waits for another run that uses the pool {pool!r} (Ctrl-C gives up)")

    def note(self, text: str) -> None:
        """A line of its own, over the live one."""
        self._write(f"{_CLEAR if self._live else ''}{text}\n")

    def exit_status(self, status: int) -> int:
        """The run's own, unless its lines were lost, as on a full disk; that `| head` has gone is no fault."""
        if self._error is None or isinstance(self._error, BrokenPipeError):
            return status
        print(f"fustercluck: error: standard output cannot be written ({self._error.strerror})", file=sys.stderr)
        return status or 2

    def _write(self, text: str) -> None:
        """A line that cannot be written does not stop what it tells of."""
        try:
            self._stream.write(text)
        except OSError as error:
            self._error = self._error or error

    def _place(self, number: int | None = None) -> str:
        shown = self._done + 1 if number is None else number
        return f"[{shown:>{len(str(self._total))}}/{self._total}]"
