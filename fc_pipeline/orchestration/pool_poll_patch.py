"""Patches the polling of pools: a waiting run of Dagster 1.13 polls without a pause and keeps a core busy.

It also waits until a time of day, so that a clock that is set back by a day would make it wait for a day.
"""

import time

from dagster._core.execution.plan.instance_concurrency_context import (
    MAX_CONCURRENCY_CLAIM_BLOCKED_INTERVAL,
    InstanceConcurrencyContext,
)

_LONGEST_SECONDS = 1.0
"""Ctrl-C takes effect between two polls."""


def sleep_between_polls() -> None:
    """Correct, in this process, the interval between two polls: Dagster takes the smaller of it and 0."""
    setattr(InstanceConcurrencyContext, "interval_to_next_pending_claim_check", _interval)  # noqa: B010


def _interval(context: InstanceConcurrencyContext) -> float:
    """Seconds until the first of the pending claims may be tried again."""
    now, pending = time.time(), context._pending_timeouts
    for step_key, ready_at in pending.items():
        if ready_at - now > MAX_CONCURRENCY_CLAIM_BLOCKED_INTERVAL:  # the clock was set back
            pending[step_key] = now
    return min(_LONGEST_SECONDS, max(0.0, min(pending.values(), default=0.0) - now))
