"""When something is asked again: urllib3's policy, for servers of the web and for remotes of artifacts."""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from fc_model.errors import UserError

T = TypeVar("T")

ATTEMPTS = 5
"""Tries in a row that bring nothing, before a server is given up."""
RETRIED = {408, 425, 429, 500, 502, 503, 504}
"""Answers that may be another one later (RFC 9110, RFC 6585)."""
MAX_WAIT_SECONDS = 600.0


class WaitTooLong(UserError):
    """The server asks to be left alone for longer than anybody waits."""


def retry(
    ask: Callable[[], T],
    *,
    what: str,
    is_fault: Callable[[Exception], bool],
    attempts: int = ATTEMPTS,
    pause_seconds: float = 1.0,
    progress: Callable[[], int] = lambda: 0,
) -> T:
    """`ask()`, again after an exception that `is_fault`; the last one is raised.

    Waits as long as the Retry-After of the exception's `response` says, else `pause_seconds` doubled with each failure.
    `progress` is a count of bytes: when it has grown, the tries are counted anew, so a large file over a bad line does
    arrive.

    Raises:
        WaitTooLong: the server asks for more than MAX_WAIT_SECONDS; names `what`.
    """
    from urllib3.util.retry import RequestHistory, Retry

    first = RequestHistory(None, None, None, None, None)  # urllib3 waits from the second failure of its history on
    untried = Retry(
        attempts - 1,
        backoff_factor=pause_seconds / 2,
        backoff_max=MAX_WAIT_SECONDS,
        retry_after_max=sys.maxsize,
        history=(first,),
    )
    policy, before = untried, progress()
    while True:
        try:
            return ask()
        except Exception as error:
            if (now := progress()) > before:
                policy, before = untried, now
            if not is_fault(error) or not policy.total:
                raise
            policy = policy.increment("GET", error=error)
            wait = _retry_after(error, policy.parse_retry_after)
            if wait is not None and wait > MAX_WAIT_SECONDS:
                raise WaitTooLong(f"{what}: the server asks to wait {wait:.0f} seconds; run again then") from error
        time.sleep(policy.get_backoff_time() if wait is None else wait)


def _retry_after(error: Exception, parse: Callable[[str], float]) -> float | None:
    """Seconds of the Retry-After header, in either of its forms (RFC 9110, 10.2.3); None without a valid one."""
    from urllib3.exceptions import InvalidHeader

    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        return parse(headers["Retry-After"])
    except (KeyError, InvalidHeader):
        return None
