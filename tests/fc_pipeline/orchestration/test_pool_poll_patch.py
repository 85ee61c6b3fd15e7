"""The interval between two polls of a pool, also when the clock is set."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from fc_pipeline.orchestration.pool_poll_patch import _interval


@pytest.mark.parametrize(
    ("ready_in", "expected"), [([], 0.0), ([0.4], 0.4), ([7.0], 1.0), ([-3.0], 0.0), ([9.0, 0.2], 0.2)]
)
def test_interval(monkeypatch: pytest.MonkeyPatch, ready_in: list[float], expected: float) -> None:
    monkeypatch.setattr(time, "time", lambda: 1e9)
    context: Any = SimpleNamespace(_pending_timeouts={str(n): 1e9 + seconds for n, seconds in enumerate(ready_in)})
    assert _interval(context) == pytest.approx(expected)


def test_a_clock_that_is_set_back_does_not_hold_a_run_up(monkeypatch: pytest.MonkeyPatch) -> None:
    context: Any = SimpleNamespace(_pending_timeouts={"step": 1e9 + 3})
    monkeypatch.setattr(time, "time", lambda: 1e9 - 86_400)
    assert _interval(context) == 0
    assert context._pending_timeouts["step"] <= time.time()
