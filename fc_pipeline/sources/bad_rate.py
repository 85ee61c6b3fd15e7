"""Stops a source of which too much is broken, by records and by bytes, or of which nothing is kept."""

from collections import Counter
from collections.abc import Mapping

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput

_EARLY_COUNT = 1_000
_EARLY_RATE = 0.5


class BadRate:
    """Counts what is quarantined, by reason. One record may always be bad: in a small folder it is no rate.

    A file of many records that is lost is one record in quarantine. So the bytes of such files have the same rate.

    `where` is what errors begin with: source NAME, images NAME.
    """

    def __init__(self, where: str, max_rate: float) -> None:
        self._where = where
        self._max_rate = max_rate
        self._reasons: Counter[str] = Counter()
        self._first = ""
        self._bytes = self._lost_bytes = 0

    def reading(self, num_bytes: int) -> None:
        """Count the bytes of a file of many records."""
        self._bytes += num_bytes

    def saw(self, path: str, bad: BadInput, *, read: int, lost_bytes: int = 0) -> None:
        """Count one more. `lost_bytes` is how much of a file of many records is lost with it.

        Raises UserError at once when most of a thousand and more records are bad.
        """
        self._reasons[bad.reason] += 1
        self._lost_bytes += lost_bytes
        self._first = self._first or f"{path}: {bad.detail}"
        count = self._reasons.total()
        if count >= _EARLY_COUNT and count > max(_EARLY_RATE, self._max_rate) * read:
            raise self._refusal(f"{count} of {read} records")

    def judge(self, *, read: int, kept: int, dropped: Mapping[str, int]) -> None:
        """Raises UserError when more is bad than allowed, or nothing at all is kept."""
        count = self._reasons.total()
        if count > max(1, self._max_rate * read) or (count and not kept):
            raise self._refusal(f"{count} of {read} records")
        if self._lost_bytes > self._max_rate * self._bytes:
            raise self._refusal(f"{self._lost_bytes} of {self._bytes} bytes in files of records")
        if not kept:
            drops = ", ".join(f"{reason} {count}" for reason, count in sorted(dropped.items())) or "nothing dropped"
            raise UserError(
                f"{self._where}: nothing of {read} records is kept ({drops}); correct `files` and their `fields`"
            )

    def _refusal(self, what: str) -> UserError:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(self._reasons.items()))
        first = self._first if len(self._first) <= 300 else f"{self._first[:300]}..."
        return UserError(
            f"{self._where}: {what} cannot be read ({reasons}; the first is "
            f"{first!r}), max_bad_rate is {self._max_rate:g}; mend them, leave files out with `exclude`, or raise it"
        )
