"""The web: one session factory, and one way to ask a server, whose faults become one clear line."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from fc_model.errors import UserError
from fc_pipeline.catalogue.download.retry import ATTEMPTS, RETRIED, retry

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

TIMEOUT_SECONDS = 60
"""To connect, and for each read."""


def http_session(*, token: str | None = None) -> "requests.Session":
    """An HTTP session; proxies and certificates come from the environment.

    Args:
        token: sent to the hosts that are asked, and not on to those that they redirect to.
    """
    import requests

    session = requests.Session()
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return session


def ask_server(
    ask: Callable[[], T], *, what: str, pause_seconds: float = 1.0, progress: Callable[[], int] = lambda: 0
) -> T:
    """`ask()`, again after a broken connection or an answer of RETRIED.

    Raises:
        UserError: the tries are used up, or the server refuses; names `what`.
    """
    import requests

    def is_fault(error: Exception) -> bool:
        answer = getattr(error, "response", None)
        return isinstance(error, requests.RequestException) and (answer is None or answer.status_code in RETRIED)

    try:
        return retry(ask, what=what, is_fault=is_fault, pause_seconds=pause_seconds, progress=progress)
    except requests.RequestException as error:
        if error.response is not None:
            raise UserError(f"{what}: {refusal(error.response.status_code)}") from error
        kept = f", {progress()} bytes are kept" if progress() else ""
        raise UserError(
            f"{what}: the connection broke {ATTEMPTS} times{kept} ({type(error).__name__}); "
            "check the network and run again, it goes on from there"
        ) from error


def refusal(status: int) -> str:
    """What an answer means, and the remedy."""
    if status in RETRIED:
        return f"the server answered {status} {ATTEMPTS} times; try again later"
    if status in {401, 403}:
        return f"the server answered {status}: it wants a login; set the token that it asks for (HF_TOKEN)"
    if status == 404:
        return "the server answered 404: it is not there; correct the address, the name or the revision"
    return f"the server answered {status}; correct the address, or try again later"
