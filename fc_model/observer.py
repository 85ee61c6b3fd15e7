"""What watches a training from outside: an interface, and the one that sees nothing.

`fc_model.tracking.Tracker` is such an observer. The training does not import it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Observer(Protocol):
    """Takes the metrics of a run."""

    run_id: str | None
    """Of its own record of the run."""
    error: str | None
    """Why it has stopped."""

    def log(self, metrics: Mapping[str, Any], *, step: int) -> None: ...

    def flush(self) -> None: ...

    def close(self, status: str) -> None: ...


Track = Callable[..., Observer]
"""(artifact=, tags=, params=) -> the observer of a run."""


class Untracked:
    """An observer that keeps nothing."""

    run_id: str | None = None
    error: str | None = None

    def log(self, metrics: Mapping[str, Any], *, step: int) -> None: ...

    def flush(self) -> None: ...

    def close(self, status: str) -> None: ...


def untracked(*, artifact: str, tags: Mapping[str, str], params: Mapping[str, Any]) -> Untracked:
    """A run that nothing watches."""
    return Untracked()
