"""When a server is asked again, and how long is waited first."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from fc_model.errors import UserError

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

ATTEMPTS = 5
"""Tries in a row that bring nothing, before it is given up."""
RETRIED = {408, 425, 429, 500, 502, 503, 504}
"""Answers that may be another one later (RFC 9110, RFC 6585)."""
MAX_WAIT_SECONDS = 600.0


def patiently(
    ask: Callable[[], T], *, what: str, progress: Callable[[], int] = lambda: 0, pause_seconds: float = 1.0
) -> T:
    """`ask()`, again after a broken connection or an answer of RETRIED.

    Waits as long as Retry-After says, else `pause_seconds` doubled with each failure. `progress` is a count of bytes:
    when it has grown, the tries are counted anew, so a large file over a bad line does arrive.

    Raises:
        UserError: the tries are used up, the server asks for more than MAX_WAIT_SECONDS, or it refuses.
    """
    import requests

    failures = 0
    before = progress()
    while True:
        try:
            return ask()
        except requests.RequestException as error:
            answer = error.response
            if answer is not None and answer.status_code not in RETRIED:
                raise UserError(_refusal(what, answer.status_code)) from error
            now = progress()
            failures = 1 if now > before else failures + 1
            before = now
            if failures >= ATTEMPTS:
                raise UserError(_given_up(what, error, now)) from error
            wait = retry_after(answer) if answer is not None else None
            if wait is not None and wait > MAX_WAIT_SECONDS:
                raise UserError(f"{what}: the server asks to wait {wait:.0f} seconds; run again then") from error
            time.sleep(pause_seconds * 2 ** (failures - 1) if wait is None else wait)


def retry_after(answer: "requests.Response") -> float | None:
    """Seconds of the Retry-After header, in either of its forms (RFC 9110, 10.2.3); None without a valid one."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _refusal(what: str, status: int) -> str:
    if status in {401, 403}:
        return f"{what}: the server answered {status}: it wants a login; set the token that it asks for (HF_TOKEN)"
    if status == 404:
        return f"{what}: the server answered 404: it is not there; correct the address, the name or the revision"
    return f"{what}: the server answered {status}; correct the address, or try again later"


def _given_up(what: str, error: "requests.RequestException", have: int) -> str:
    if error.response is not None:
        return f"{what}: the server answered {error.response.status_code} {ATTEMPTS} times; try again later"
    kept = f", {have} bytes are kept" if have else ""
    return (
        f"{what}: the connection broke {ATTEMPTS} times{kept} ({type(error).__name__}); "
        "check the network and run again, it goes on from there"
    )
