"""What a remote may answer, and when it is asked again."""

from collections.abc import Callable
from typing import TypeVar

from fc_model.errors import UserError
from fc_pipeline.catalogue.download.retry import WaitTooLong, retry

T = TypeVar("T")

ATTEMPTS = 3
"""Tries in a row that bring nothing, before it is given up. Drivers of object stores try several times in each."""


class RemoteError(UserError):
    """The remote refuses."""


class RemoteUnreachable(RemoteError):
    """No answer, not to this login, or no driver to ask with: the next question will have none either."""


class RemoteDamaged(RemoteError):
    """What lies in the remote is not what its manifest says. Nothing of it is used."""


def ask_remote(ask: Callable[[], T], *, what: str, pause_seconds: float, attempts: int = ATTEMPTS) -> T:
    """`ask()`, again after a fault, with a pause that doubles each time.

    Raises:
        FileNotFoundError: it is not there; what that means is known to who asked.
        RemoteUnreachable: the tries are used up, or a login is wanted; names `what`.
    """
    try:
        return retry(ask, what=what, is_fault=_is_fault, attempts=attempts, pause_seconds=pause_seconds)
    except WaitTooLong as error:
        raise RemoteUnreachable(str(error)) from error
    except PermissionError as error:
        raise RemoteUnreachable(f"{what}: access is refused ({_words(error)}); log in, or correct FC_REMOTE") from error
    except Exception as error:
        if not _is_fault(error):
            raise
        tries = f" in {attempts} tries" if attempts > 1 else ""
        remedy = "check FC_REMOTE, the network and the login"
        raise RemoteUnreachable(f"{what}: no answer{tries} ({_words(error)}); {remedy}") from error


def _is_fault(error: Exception) -> bool:
    """True for what the network, the system or a driver's library says; Python's other errors are our mistakes.

    Drivers let the exceptions of a dozen libraries through.
    """
    if isinstance(error, FileNotFoundError | PermissionError | UserError):
        return False
    return isinstance(error, OSError | EOFError) or type(error).__module__ != "builtins"


def _words(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
