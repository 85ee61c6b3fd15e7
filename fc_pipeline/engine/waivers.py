"""Waivers: decisions to go on in spite of a failed gate, by somebody who answers for it."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from fc_model.config.strict import Strict


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("write it on one line, without control characters")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_printable)]
"""Text that is not blank, on one line."""


class Waiver(Strict):
    """A track's waiver of one of its gates. It holds for this track alone: no track inherits it."""

    gate: str = Field(description="Name of the gate: artifact.metric, such as evals/pretrain_b.perplexity.")
    by: Line = Field(description="Who answers for it; stands in the report and the model card.")
    reason: Line = Field(description="Why to go on; stands in the report and the model card.")
    until: date | None = Field(default=None, description="Last day (UTC) on which it counts; null: until taken away.")

    @field_validator("until", mode="before")
    @classmethod
    def _a_day(cls, value: Any) -> Any:
        """Numbers would be read as seconds since 1970."""
        if isinstance(value, int | float):
            raise ValueError(f"{value!r} is no day: write it as 2026-12-31")
        return value

    @property
    def expired(self) -> bool:
        return self.until is not None and datetime.now(UTC).date() > self.until

    def __str__(self) -> str:
        """`Ada Lovelace: a first try, until 2026-12-31`."""
        return f"{self.by}: {self.reason}" + (f", until {self.until}" if self.until is not None else "")
