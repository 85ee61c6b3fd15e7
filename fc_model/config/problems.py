"""What pydantic refuses, in words: the field, what it must be, what it is, and how YAML came to it."""

import math
import types
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from fc_model.errors import suggestion

_MUST = {
    "string_type": "be text",
    "string_pattern_mismatch": "be of the form {pattern}",
    "string_too_short": "have {min_length} or more characters",
    "string_too_long": "have {max_length} or fewer characters",
    "int_type": "be a whole number",
    "int_parsing": "be a whole number",
    "int_from_float": "be a whole number",
    "float_type": "be a number",
    "float_parsing": "be a number",
    "finite_number": "be a finite number",
    "bool_type": "be true or false",
    "bool_parsing": "be true or false",
    "greater_than": "be above {gt}",
    "greater_than_equal": "be {ge} or more",
    "less_than": "be below {lt}",
    "less_than_equal": "be {le} or less",
    "literal_error": "be {expected}",
    "enum": "be {expected}",
    "union_tag_invalid": "be {expected_tags}",
    "list_type": "be a list",
    "tuple_type": "be a list",
    "dict_type": "be a mapping of names to values",
    "model_type": "be a mapping of names to values",
    "model_attributes_type": "be a mapping of names to values",
    "too_short": "have {min_length} or more entries",
    "too_long": "have {max_length} or fewer entries",
}
"""Type of error: what the value must be or have, filled in from the error's context."""
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
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        location, value = [*location, item["ctx"]["discriminator"].strip("'")], item["ctx"].get("tag")
    is_name = bool(location) and location[-1] == "[key]"
    where = ".".join(map(str, location[:-2] if is_name else location))
    if kind == "extra_forbidden":
        others = suggestion(str(location[-1]), _fields_at(model, tuple(location[:-1])))
        return f"{where} is no field{others or ': correct its name, or take it away'}"
    if kind in ("missing", "union_tag_not_found"):
        return f"{where} is missing: {missing.get(where, 'add it')}"
    if kind in _MUST:
        wanted = _MUST[kind].format_map(item.get("ctx", {}))
        message = f"{'a name in it ' * is_name}must {wanted}, is {_shown(value)}{_yaml_hint(kind, value)}"
    else:
        message = item["msg"].removeprefix("Value error, ").replace("Input should", "must")
    return f"{where}: {message}" if where else message


def _shown(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return ("a mapping" if isinstance(value, dict) else "a list") if value else "empty"
    text = "empty" if value is None else str(value).lower() if isinstance(value, bool | date) else repr(value)
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}..."


def _yaml_hint(kind: str, value: Any) -> str:
    """How YAML 1.1 read what a person meant otherwise."""
    if kind == "string_type" and isinstance(value, bool):
        return " (YAML reads no, off, yes and on so): put it in quotes"
    if kind == "string_type" and isinstance(value, int | float | date):
        return f" (YAML reads it as a {'date' if isinstance(value, date) else 'number'}): put it in quotes"
    if kind in _NUMBERS and isinstance(value, str):
        with suppress(ValueError):
            number = float(value)
            if math.isfinite(number) and (number.is_integer() or kind.startswith("float")):
                return f" (YAML reads it as text): write {int(number) if number.is_integer() else number}"
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
