"""Exact numbers to JSON: what is whole stays whole, everything else is rounded once, at the end."""

import math
from decimal import Decimal, Overflow, localcontext
from fractions import Fraction

from fc_model.tools.tool import ToolError

MAX_BITS = 1000
"""Of an exact numerator or denominator; what is longer and not whole is rounded to PRECISION digits."""
PRECISION = 60
_LARGEST = 10**300
_DIGITS = 15
_MAX_EXPONENT = 300


def rational(number: float) -> Fraction:
    """The number that is written, not the double beside it: 0.1 is a tenth."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def bounded(value: Fraction) -> Fraction:
    """The value, rounded where it is too long to stay exact. Raises ToolError above 1e300 and below 1e-300."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) <= MAX_BITS:
        return value
    if abs(value) > _LARGEST or abs(value) * _LARGEST < 1:
        raise ToolError("a number becomes too large, or too close to zero: it may have about 300 digits")
    return value if value.denominator == 1 else Fraction(decimal(value))


def decimal(value: Fraction) -> Decimal:
    """To PRECISION significant digits."""
    with localcontext(prec=PRECISION):
        return Decimal(value.numerator) / Decimal(value.denominator)


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """base to the power of exponent, exact where that is short. Raises ToolError for no real number, or a huge one.

    What bounds the work is the length of the result, not that of the exponent: 1.004^360 is as cheap as 2^9.
    """
    whole = exponent.denominator == 1
    if base == 0 and exponent < 0:
        raise ToolError("division by zero")
    if base < 0 and not whole:
        raise ToolError("a negative number has no power that is not whole")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if whole and bits * abs(exponent.numerator) <= MAX_BITS:
        return base**exponent.numerator
    if base in (0, 1):
        return base
    if base == -1:
        return base if exponent.numerator % 2 else -base
    with localcontext(prec=PRECISION) as context:
        context.Emax, context.Emin = 10 * _MAX_EXPONENT, -10 * _MAX_EXPONENT
        context.clear_traps()
        context.traps[Overflow] = True
        try:
            rounded = decimal(base) ** decimal(exponent)
        except Overflow as error:
            raise ToolError("a power becomes too large: it may have about 300 digits") from error
    return bounded(Fraction(rounded))


def json_number(value: Fraction | Decimal) -> int | float:
    """An int if the value is whole, else the nearest double to its first 15 significant digits.

    Raises ToolError for a value beyond the range of a double.
    """
    if isinstance(value, Decimal) and (value != value.to_integral_value() or value.adjusted() > _MAX_EXPONENT):
        number = float(f"{value:.{_DIGITS}g}")
        if not math.isfinite(number):
            raise ToolError("a number is larger than 1.8e308")
        return number
    fraction = bounded(Fraction(value))
    if fraction.denominator == 1:
        return fraction.numerator
    return float(f"{float(fraction):.{_DIGITS}g}")
