"""Waivers: decisions to go on in spite of a failed gate, by somebody who answers for it."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from fc_model.config.strict import Strict

_WITHIN_WORDS = "\u00a0\u202f\u200c\u200d"
"""Spaces that do not break, and what parts or joins letters: Persian and Hindi names are written with them."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _printable(text: str) -> str:
    hidden = [letter for letter in text if not letter.isprintable()]
    if len(hidden) == len(text) or not set(hidden) <= set(_WITHIN_WORDS):
        named = next((letter for letter in hidden if letter not in _WITHIN_WORDS), hidden[0])
        raise ValueError(f"write it on one line, without control characters (it has U+{ord(named):04X})")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_printable)]
"""Text that is not blank, on one line."""


class Waiver(Strict):
    """A track's waiver of one of its gates. It holds for this track alone: no track inherits it."""

    gate: Line = Field(description="Name of the gate: artifact.metric, such as evals/pretrain_b.perplexity.")
    by: Line = Field(description="Who answers for it; stands in the report and the model card.")
    reason: Line = Field(description="Why to go on; stands in the report and the model card.")
    until: date | None = Field(default=None, description="Last day (UTC) on which it counts; null: until taken away.")

    @field_validator("until", mode="before")
    @classmethod
    def _a_day(cls, value: Any) -> Any:
        """Numbers, also those in quotes, would be read as seconds since 1970."""
        if value is None or type(value) is date:
            return value
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is no day of the calendar ({error})") from error
        shown = str(value) if isinstance(value, date) else repr(value)
        raise ValueError(f"{shown} is no day: write it as 2026-12-31")

    @property
    def expired(self) -> bool:
        return self.until is not None and datetime.now(UTC).date() > self.until

    def __str__(self) -> str:
        """`Ada Lovelace: a first try, until 2026-12-31`."""
        return f"{self.by}: {self.reason}" + (f", until {self.until}" if self.until is not None else "")
