"""Progress of a stage for people: one line that is redrawn in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

_PLAIN_SECONDS = 10.0


class Progress:
    """Shows the metrics of a stage on standard error."""

    def __init__(self, stage: str, *, steps: int, enabled: bool) -> None:
        self._stage, self._steps, self._enabled = stage, steps, enabled
        self._redraw = sys.stderr.isatty()
        self._next = 0.0

    def update(self, metrics: Mapping[str, Any]) -> None:
        """Show the newest metrics; in a file or pipe at most one line in ten seconds, and the last one."""
        last = metrics["step"] == self._steps
        if not self._enabled or not (self._redraw or last or time.monotonic() >= self._next):
            return
        self._next = time.monotonic() + _PLAIN_SECONDS
        line = progress_line(self._stage, self._steps, metrics)
        print(
            f"\r\x1b[K{line}" if self._redraw else line, end="" if self._redraw else "\n", file=sys.stderr, flush=True
        )

    def close(self) -> None:
        """Leave the line."""
        if self._enabled and self._redraw:
            print(file=sys.stderr)


def progress_line(stage: str, steps: int, metrics: Mapping[str, Any]) -> str:
    """`pretrain 120/400 30% loss 3.412 bpb 1.893 14,203 tok/s mfu 21% 02:10 left`."""
    step = metrics["step"]
    minutes, seconds = divmod(round(metrics["eta_seconds"]), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"
    return (
        f"{stage} {step:,}/{steps:,} {step / steps:.0%} loss {metrics['loss']:.3f} bpb {metrics['bpb']:.3f} "
        f"{metrics['tokens_per_second']:,.0f} tok/s mfu {metrics['mfu']:.0%} {left} left"
    )
