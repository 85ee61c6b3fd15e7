"""Whole numbers: other bases, prime factors, divisors, Roman numerals, and numbers that carry a checksum."""

import math
import re
from typing import Any

from fc_model.tools.tool import BOOLEAN, INTEGER, NAME, TEXT, Tool, ToolError, array, described, one_of, record, shown

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MAX_FACTORED = 10**12
_BASE = {"type": "integer", "minimum": 2, "maximum": 36}
_ROMAN = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
    *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)
_CHECKED = {"luhn": "luhn", "isbn": "isbn", "issn": "issn", "ean": "ean", "iban": "iban", "imei": "imei"}
"""Modules of python-stdnum."""
_CHECKED_FORM = re.compile(r"[0-9A-Za-z -]{1,64}")


def convert_base(number: str, from_base: int, to_base: int) -> str:
    match = re.fullmatch(r"(-?)([0-9a-z]{1,300})", number.lower())
    if match is None or any(_DIGITS.index(digit) >= from_base for digit in match[2]):
        raise ToolError(f"{shown(number)} is no whole number in base {from_base} of at most 300 digits")
    value, digits = int(match[2], from_base), ""
    while value:
        value, digit = divmod(value, to_base)
        digits = _DIGITS[digit] + digits
    return match[1] + digits if digits else "0"


def prime_factors(number: int) -> list[int]:
    """By trial division, smallest first, each as often as it divides."""
    factors, divisor = [], 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1 if divisor == 2 else 2
    return [*factors, number] if number > 1 else factors


def common_divisor(numbers: list[int]) -> dict[str, int]:
    return {"greatest_common_divisor": math.gcd(*numbers), "least_common_multiple": math.lcm(*numbers)}


def roman_numeral(value: str) -> dict[str, Any]:
    """Of a number from 1 to 3999, or the number of a numeral in its standard form."""
    if re.fullmatch("[0-9]{1,4}", value) and 1 <= int(value) <= 3999:
        return {"number": int(value), "numeral": _roman(int(value))}
    numeral = value.upper()
    if re.fullmatch("[MDCLXVI]{1,15}", numeral):
        number, place = 0, 0
        for worth, sign in _ROMAN:
            while numeral.startswith(sign, place):
                number, place = number + worth, place + len(sign)
        if number < 4000 and place == len(numeral) and _roman(number) == numeral:
            return {"number": number, "numeral": numeral}
    raise ToolError(f"{shown(value)} is neither a number from 1 to 3999 nor a Roman numeral")


def _roman(number: int) -> str:
    numeral = ""
    for worth, sign in _ROMAN:
        count, number = divmod(number, worth)
        numeral += sign * count
    return numeral


def check_number(kind: str, number: str) -> dict[str, Any]:
    """Whether length, form and check digit are right; not whether anyone was given the number."""
    import importlib

    from stdnum.exceptions import ValidationError

    if not _CHECKED_FORM.fullmatch(number):
        raise ToolError("a number has 1 to 64 letters, digits, spaces and hyphens")
    module = importlib.import_module(f"stdnum.{_CHECKED[kind]}")
    bare = number.replace(" ", "").replace("-", "")
    try:
        module.validate(bare)
    except ValidationError as error:
        return {"valid": False, "reason": str(error)}
    return {"valid": True}


TOOLS = (
    Tool(
        name="convert_base",
        description="Writes a whole number in another base, from 2 (binary) to 36.",
        parameters=record(
            {
                "number": described(NAME | {"maxLength": 301}, "digits 0-9 and a-z, such as ff or -1010"),
                "from_base": _BASE,
                "to_base": _BASE,
            }
        ),
        executor=convert_base,
        result={"type": "string"},
    ),
    Tool(
        name="prime_factors",
        description="Splits a whole number into its prime factors.",
        parameters=record({"number": {"type": "integer", "minimum": 2, "maximum": _MAX_FACTORED}}),
        executor=prime_factors,
        result=array(INTEGER),
    ),
    Tool(
        name="common_divisor",
        description="Greatest common divisor and least common multiple of whole numbers.",
        parameters=record({"numbers": array({"type": "integer", "minimum": 1, "maximum": 10**18}, least=2, most=20)}),
        executor=common_divisor,
        result=record({"greatest_common_divisor": {"type": "integer"}, "least_common_multiple": {"type": "integer"}}),
    ),
    Tool(
        name="roman_numeral",
        description="Converts a number from 1 to 3999 to a Roman numeral, or back.",
        parameters=record({"value": described(NAME, "such as 1994 or MCMXCIV")}),
        executor=roman_numeral,
        result=record({"number": INTEGER, "numeral": TEXT}),
    ),
    Tool(
        name="check_number",
        description="Checks the check digit of a card number (luhn), ISBN, ISSN, EAN, IBAN or IMEI.",
        parameters=record({"kind": one_of(*_CHECKED), "number": NAME}),
        executor=check_number,
        result=record({"valid": BOOLEAN}, optional={"reason": TEXT}),
    ),
)
