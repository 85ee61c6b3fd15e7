"""Live progress of a step: to the Dagster UI as observations, and to the listener of this process.

An observation costs about 50 ms and 5 kB on SQLite, so they are at least 15 s apart and at most 300 a step.
"""

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import dagster as dg

from fc_pipeline.engine.step import StepSpec
from fc_pipeline.training.curves import Point
from fc_pipeline.training.pages import curve_markdown, thin

MIN_SECONDS = 15.0
MAX_OBSERVATIONS = 300
_GROWTH = 36  # 15 s apart for nine minutes, then 3% more each time: 290 observations in a week
_MAX_HISTORY = 4000


class Listener:
    """Receives events of this process's assets. This one ignores them, for runs that the UI started."""

    def started(self, key: str) -> None: ...

    def progress(self, key: str, metrics: dict[str, Any]) -> None: ...

    def finished(
        self, key: str, *, reused: bool, seconds: float, quarantined: Mapping[str, int] | None = None
    ) -> None: ...

    def failed(self, key: str) -> None: ...

    def interrupted(self) -> None: ...

    def waiting(self, pool: str) -> None: ...

    def note(self, text: str) -> None:
        """A message about an asset, such as a remote that does not answer."""
        print(text, file=sys.stderr)  # which Dagster keeps with the step's logs


_SILENT = Listener()
_LISTENER: ContextVar[Listener] = ContextVar("listener", default=_SILENT)


def listener() -> Listener:
    return _LISTENER.get()


@contextlib.contextmanager
def listening(who: Listener) -> Iterator[None]:
    token = _LISTENER.set(who)
    try:
        yield
    finally:
        _LISTENER.reset(token)


class Progress:
    """Called with a step's metrics at any rate; forwards few of them as observations of the asset."""

    def __init__(
        self,
        spec: StepSpec,
        observe: Callable[[dg.AssetObservation], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spec = spec
        self._key = spec.key
        self._observe = observe
        self._clock = clock
        self._started = self._last = clock()
        self._count = 0
        self._points: list[Point] = []

    def __call__(self, metrics: dict[str, Any]) -> None:
        listener().progress(self._key, metrics)
        if metrics.get("step") is not None and metrics.get("loss") is not None:
            self._points.append((metrics["step"], metrics["loss"]))
            if len(self._points) > _MAX_HISTORY:
                self._points = thin(self._points, _MAX_HISTORY // 2)
        now = self._clock()
        if self._count < MAX_OBSERVATIONS and now - self._last >= self._spacing(now, metrics):
            self._last = now
            self._count += 1
            self._observe(
                dg.AssetObservation(
                    asset_key=self._spec.asset.split("/"),
                    partition=self._spec.partition,
                    metadata=self._metadata(metrics),
                )
            )

    def _spacing(self, now: float, metrics: dict[str, Any]) -> float:
        """Seconds between observations: the expected duration over the allowed number; growing when unknown."""
        elapsed, left = now - self._started, metrics.get("eta_seconds")
        return max(MIN_SECONDS, elapsed / _GROWTH if left is None else (elapsed + left) / MAX_OBSERVATIONS)

    def _metadata(self, metrics: dict[str, Any]) -> dict[str, Any]:
        metadata = {name: value for name, value in metrics.items() if _can_be_shown(value)}
        if len(self._points) > 1:
            metadata["curve"] = dg.MetadataValue.md(curve_markdown(self._points, title=self._key))
        return metadata


def _can_be_shown(value: Any) -> bool:
    """Text and finite numbers: the event log is JSON, which has no NaN."""
    return isinstance(value, int | str) or (isinstance(value, float) and math.isfinite(value))
