"""Stops a source that is mostly broken."""

from collections import Counter

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput

_EARLY_COUNT = 1_000
_EARLY_RATE = 0.5


class BadRate:
    """Counts what is quarantined, by reason. One record may always be bad: in a small folder it is no rate.

    `where` is what errors begin with: source NAME, images NAME.
    """

    def __init__(self, where: str, max_rate: float) -> None:
        self._where = where
        self._max_rate = max_rate
        self._reasons: Counter[str] = Counter()
        self._first = ""

    def saw(self, path: str, bad: BadInput, *, read: int) -> None:
        """Count one more. Raises UserError at once when most of a thousand and more records are bad."""
        self._reasons[bad.reason] += 1
        self._first = self._first or f"{path}: {bad.detail}"
        count = self._reasons.total()
        if count >= _EARLY_COUNT and count > max(_EARLY_RATE, self._max_rate) * read:
            raise self._refusal(read)

    def judge(self, *, read: int, kept: int) -> None:
        """Raises UserError when more is bad than allowed, or nothing at all could be read."""
        count = self._reasons.total()
        if count > max(1, self._max_rate * read) or (count and not kept):
            raise self._refusal(read)

    def _refusal(self, read: int) -> UserError:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(self._reasons.items()))
        first = self._first if len(self._first) <= 300 else f"{self._first[:300]}..."
        return UserError(
            f"{self._where}: {self._reasons.total()} of {read} records cannot be read ({reasons}; the first is "
            f"{first!r}), max_bad_rate is {self._max_rate:g}; mend them, leave files out with `exclude`, or raise it"
        )
