"""The base of every settings class: what is not meant as a field's value is refused."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

_NO_NUMBER = PydanticCustomError(
    "bool_for_number", "true and false (yes, no, on, off) are no numbers: write the number"
)


class Strict(BaseModel):
    """Settings that a person writes.

    A misspelt field is an error, as are numbers that are not finite and true or false (in YAML also yes, no, on, off)
    for a number. Nothing changes the settings once they are read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _no_truth_for_a_number(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        settings = handler(values)
        if isinstance(values, dict):
            wrong = [name for name in values if _became_a_number(values[name], getattr(settings, name, None))]
            errors = [InitErrorDetails(type=_NO_NUMBER, loc=(name,), input=values[name]) for name in wrong]
            if errors:
                raise ValidationError.from_exception_data(cls.__name__, errors)
        return settings


def _became_a_number(value: Any, validated: Any) -> bool:
    """Whether pydantic has read a truth value, or one inside, as a number."""
    if isinstance(value, bool):
        return isinstance(validated, int | float) and not isinstance(validated, bool)
    if isinstance(value, dict) and isinstance(validated, dict):
        return any(_became_a_number(value[key], item) for key, item in validated.items() if key in value)
    if isinstance(value, list | tuple) and isinstance(validated, list | tuple):
        return any(map(_became_a_number, value, validated))
    return False
