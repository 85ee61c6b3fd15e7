"""What pydantic refuses, in words: the field, what it must be, what it is, and how YAML came to it."""

import types
from collections.abc import Mapping
from datetime import date
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from fc_model.errors import suggestion

_MUST_BE = {
    "string_type": "text",
    "string_pattern_mismatch": "of the form {pattern}",
    "string_too_short": "of {min_length} or more characters",
    "string_too_long": "of {max_length} or fewer characters",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "greater_than": "above {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "below {lt}",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "union_tag_invalid": "of {discriminator} {expected_tags}",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of names to values",
    "model_attributes_type": "a mapping of names to values",
    "too_short": "of {min_length} or more entries",
    "too_long": "of {max_length} or fewer entries",
}
"""Type of error: what the value must be, filled in from the error's context."""
_NUMBERS = ("int_type", "int_parsing", "float_type", "float_parsing")
_MAX_SHOWN_CHARS = 60


def problems(
    error: ValidationError, model: type[BaseModel] | None = None, *, missing: Mapping[str, str] | None = None
) -> str:
    """Each field that is wrong, and the remedy, in one line.

    Args:
        model: where other names of fields are looked up for a misspelt one.
        missing: remedies of required fields, by name.
    """
    return "; ".join(dict.fromkeys(_problem(item, model, missing or {}) for item in error.errors()))


def _problem(item: Any, model: type[BaseModel] | None, missing: Mapping[str, str]) -> str:
    kind, value, location = item["type"], item["input"], list(item["loc"])
    if location and str(location[-1]).partition("[")[0] in ("str", "dict", "list"):  # of a union
        location.pop()
    is_name = bool(location) and location[-1] == "[key]"
    where = ".".join(map(str, location[:-2] if is_name else location))
    if kind == "extra_forbidden":
        return f"{where} is no field{suggestion(str(location[-1]), _fields_at(model, tuple(location[:-1])))}"
    if kind in ("missing", "union_tag_not_found"):
        where = where if kind == "missing" else ".".join(filter(None, (where, item["ctx"]["discriminator"].strip("'"))))
        return f"{where} is missing: {missing.get(where, 'add it')}"
    if kind in _MUST_BE:
        must_be = _MUST_BE[kind].format_map(item.get("ctx", {}))
        message = f"{'a name in it ' * is_name}must be {must_be}, is {_shown(value)}{_yaml_hint(kind, value)}"
    else:
        message = item["msg"].removeprefix("Value error, ").replace("Input should", "must")
    return f"{where}: {message}" if where else message


def _shown(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = "empty" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}..."


def _yaml_hint(kind: str, value: Any) -> str:
    """How YAML 1.1 read what a person meant otherwise."""
    if kind == "string_type" and isinstance(value, bool):
        return " (YAML reads no, off, yes and on so): put it in quotes"
    if kind == "string_type" and isinstance(value, int | float | date):
        return f" (YAML reads it as a {'date' if isinstance(value, date) else 'number'}): put it in quotes"
    if kind in _NUMBERS and isinstance(value, str):
        try:
            number = float(value)
            return f" (YAML reads it as text): write {int(number) if number.is_integer() else number}"
        except (ValueError, OverflowError):
            return ""
    return ""


def _fields_at(model: Any, location: tuple[Any, ...]) -> set[str]:
    """Names of the fields of the model at a place in another one."""
    for part in location:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = model.model_fields[part].annotation if part in model.model_fields else None
        elif get_origin(model) in (dict, list):
            model = get_args(model)[-1]
        if get_origin(model) in (Union, types.UnionType):
            model = next((choice for choice in get_args(model) if isinstance(choice, type)), None)
    return set(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else set()
