"""The calculator: arithmetic over exact rationals by a parser of its own. Nothing is evaluated as code.

sum      = product {("+" | "-") product}
product  = unary {("*" | "/" | "//" | "%") unary}
unary    = ("-" | "+") unary | power
power    = atom ["^" unary]                 (also written **; -2^2 is -4, 2^3^2 is 2^9)
atom     = number | "(" sum ")" | function "(" sum {"," sum} ")"
"""

import math
import re
from collections.abc import Callable
from fractions import Fraction

from fc_model.tools.exact import bounded, json_number, power
from fc_model.tools.tool import NUMBER, Tool, ToolError, described, record, shown

_MAX_LENGTH = 500
_MAX_DEPTH = 30
_MAX_DIGITS = 50
_SQRT_SCALE = 10**30
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)"
    r"|(?P<name>[a-z]+)|(?P<sign>\*\*|//|[-+*/%^(),×÷−]))",
)
_SPELLINGS = {"**": "^", "×": "*", "÷": "/", "−": "-"}


def _root(value: Fraction) -> Fraction:
    """Exact for squares of rationals, else cut after 30 decimals."""
    if value < 0:
        raise ToolError("the square root of a negative number")
    exact = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
    if exact * exact == value:
        return exact
    return Fraction(math.isqrt(value.numerator * _SQRT_SCALE**2 // value.denominator), _SQRT_SCALE)


def _round(value: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    """Half away from zero, as at school."""
    if places.denominator != 1 or not 0 <= places <= 30:
        raise ToolError("round takes a whole number of decimals from 0 to 30")
    scale = 10**places.numerator
    rounded = Fraction(math.floor(abs(value) * scale + Fraction(1, 2)), scale)
    return -rounded if value < 0 else rounded


_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Fraction]]] = {
    "abs": (1, 1, abs),
    "ceil": (1, 1, lambda value: Fraction(math.ceil(value))),
    "floor": (1, 1, lambda value: Fraction(math.floor(value))),
    "max": (1, 50, lambda *values: max(values)),
    "min": (1, 50, lambda *values: min(values)),
    "round": (1, 2, _round),
    "sqrt": (1, 1, _root),
}
"""(fewest arguments, most arguments, function) by name."""


def calculate(expression: str) -> int | float:
    """The value of an expression. Raises ToolError for what is none, divides by zero or becomes too large."""
    return json_number(_Parser(expression).value())


class _Parser:
    def __init__(self, expression: str) -> None:
        self._tokens = _tokens(expression)
        self._place = 0
        self._depth = 0

    def value(self) -> Fraction:
        value = self._sum()
        if self._next() is not None:
            raise ToolError(f"{shown(self._next())} is not expected here")
        return value

    def _next(self) -> str | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _accept(self, *signs: str) -> str | None:
        token = self._next()
        if token not in signs:
            return None
        self._place += 1
        return token

    def _expect(self, sign: str) -> None:
        if self._accept(sign) is None:
            raise ToolError(f"{sign} is missing {'at the end' if self._next() is None else f'before {self._next()}'}")

    def _sum(self) -> Fraction:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ToolError(f"brackets are nested deeper than {_MAX_DEPTH}")
        value = self._product()
        while sign := self._accept("+", "-"):
            other = self._product()
            value = bounded(value + other if sign == "+" else value - other)
        self._depth -= 1
        return value

    def _product(self) -> Fraction:
        value = self._unary()
        while sign := self._accept("*", "/", "//", "%"):
            other = self._unary()
            if sign == "*":
                value = bounded(value * other)
                continue
            if other == 0:
                raise ToolError("division by zero")
            quotient = value / other
            whole = Fraction(math.floor(quotient))
            value = bounded({"/": quotient, "//": whole, "%": value - other * whole}[sign])
        return value

    def _unary(self) -> Fraction:
        negative = False
        while sign := self._accept("+", "-"):
            negative ^= sign == "-"
        value = self._power()
        return -value if negative else value

    def _power(self) -> Fraction:
        base = self._atom()
        if not self._accept("^"):
            return base
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ToolError(f"powers are nested deeper than {_MAX_DEPTH}")
        exponent = self._unary()
        self._depth -= 1
        return power(base, exponent)

    def _atom(self) -> Fraction:
        token = self._next()
        if token is None:
            raise ToolError("the expression ends too early")
        self._place += 1
        if token == "(":
            value = self._sum()
            self._expect(")")
            return value
        if token in _FUNCTIONS:
            return self._function(token)
        if token[0] in ".0123456789":
            return _number(token)
        known = ", ".join(_FUNCTIONS)
        raise ToolError(f"{shown(token)} is not expected here; there are + - * / // % ^ ( ) and {known}")

    def _function(self, name: str) -> Fraction:
        self._expect("(")
        arguments = [self._sum()]
        while self._accept(","):
            arguments.append(self._sum())
        self._expect(")")
        fewest, most, function = _FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            raise ToolError(f"{name} takes {fewest if fewest == most else f'{fewest} to {most}'} arguments")
        return bounded(function(*arguments))


def _tokens(expression: str) -> list[str]:
    if len(expression) > _MAX_LENGTH:
        raise ToolError(f"the expression has {len(expression)} characters, {_MAX_LENGTH} are allowed")
    tokens, place, text = [], 0, expression.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ToolError(f"{shown(text[place:].lstrip()[:1])} is not part of an expression")
        token = match[match.lastgroup or 0]
        tokens.append(_SPELLINGS.get(token, token))
        place = match.end()
    return tokens


def _number(text: str) -> Fraction:
    if len(text) > _MAX_DIGITS:
        raise ToolError(f"a number has {len(text)} characters, {_MAX_DIGITS} are allowed")
    return bounded(Fraction(text))


TOOLS = (
    Tool(
        name="calculate",
        description="Evaluates an arithmetic expression exactly: + - * / // % ^ ( ), sqrt, abs, round, floor, ceil, "
        "min, max.",
        parameters=record(
            {"expression": described({"type": "string", "maxLength": _MAX_LENGTH}, "such as (3 + 4) * 2^10 / 7")}
        ),
        executor=calculate,
        result=NUMBER,
    ),
)
