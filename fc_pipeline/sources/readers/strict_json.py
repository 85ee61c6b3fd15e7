"""Strict JSON of a file that is read; what is none is bad input."""

from typing import Any

from fc_model import strict_json
from fc_pipeline.catalogue.bad_input import BadInput


def parse_json(text: str, *, strict: bool = True) -> Any:
    """As `fc_model.strict_json.parse_json`. Raises BadInput("invalid_json")."""
    try:
        return strict_json.parse_json(text, strict=strict)
    except ValueError as error:
        raise BadInput("invalid_json", str(error)) from error
