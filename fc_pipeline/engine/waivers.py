"""Waivers: decisions to go on in spite of a failed gate, by somebody who answers for it."""

import re
from datetime import UTC, date, datetime
from typing import Any

from pydantic import Field, field_validator

from fc_model.config.line import Line
from fc_model.config.strict import Strict

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


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
