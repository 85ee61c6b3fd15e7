"""Patches the polling of pools: a waiting run of Dagster 1.13 polls without a pause and keeps a core busy."""

import time

from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext

_LONGEST_SECONDS = 1.0
"""Ctrl-C takes effect between two polls."""


def sleep_between_polls() -> None:
    """Correct, in this process, the interval between two polls: Dagster takes the smaller of it and 0."""
    setattr(InstanceConcurrencyContext, "interval_to_next_pending_claim_check", _interval)  # noqa: B010


def _interval(context: InstanceConcurrencyContext) -> float:
    """Seconds until the first of the pending claims may be tried again."""
    pending = context._pending_timeouts.values()
    return min(_LONGEST_SECONDS, max(0.0, min(pending, default=0.0) - time.time()))
