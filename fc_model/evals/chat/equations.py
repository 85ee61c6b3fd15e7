"""The equations in a chain of thought, each evaluated exactly by the calculator of the tools."""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from fc_model.tools.arithmetic import calculate
from fc_model.tools.tool import ToolError

_SIGN = re.compile(r"(?<![a-h][18])=|=(?![QRBN])|≈")
"""Not that of a promotion in chess, e8=Q."""
_SIDE = r"(?:[\d\s()+\-*/×÷^−%]|\.(?=\d)|floor(?=\())*"
_TAIL = re.compile(rf"{_SIDE}\Z")
_HEAD = re.compile(_SIDE)
_TIMES = re.compile(r"(?<=[\d)])\s*x\s*(?=[\d(])")
_MONEY = re.compile(r"[$€£¥](?=\d|\.\d)")
_UNIT = re.compile(r"(?<=\d)\s?[A-Za-z][A-Za-z ]*?(?:/\s?[A-Za-z]+)?(?=\s*[-+*×÷=≈])")
"""Behind a number and before a sign, as in `3 rooms - 1 room = 2 rooms`."""
_COMMAS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%(?!\s*[\d(])")
"""Not the sign of a remainder, as in 7 % 2."""


class Equation(NamedTuple):
    """Two sides, as text; `rounded`: the right one is the left one with as many decimals as it has."""

    left: str
    right: str
    rounded: bool


def step_fault(steps: str, variables: Mapping[str, str] | None = None) -> str | None:
    """`wrong_step` where an equation does not hold, `unchecked_step` where one cannot be read; None where all hold.

    Args:
        variables: values of the letters in equations.
    """
    fault = None
    for line in steps.splitlines():
        for equation in equations(line, variables or {}):
            if equation is None:
                fault = "unchecked_step"
            elif not holds(equation):
                return "wrong_step"
    return fault


def equations(line: str, variables: Mapping[str, str]) -> Iterator[Equation | None]:
    """The equations of a line: of a = b = c the two neighbours each. None stands for one that cannot be read."""
    for name, value in variables.items():
        line = re.sub(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", f"({value})", line)
    line = _UNIT.sub("", _TIMES.sub(" * ", _COMMAS.sub("", _MONEY.sub("", line))))
    line = _PERCENT.sub(r"(\1/100)", line)
    places = list(_SIGN.finditer(line))
    for number, place in enumerate(places):
        start = places[number - 1].end() if number else 0
        end = places[number + 1].start() if number + 1 < len(places) else len(line)
        left, right = _TAIL.search(line[start : place.start()]), _HEAD.match(line[place.end() : end])
        assert left is not None and right is not None
        equation = Equation(_trimmed(left[0]), _trimmed(right[0]), place[0] == "≈")
        yield equation if equation.left and equation.right else None


def holds(equation: Equation) -> bool:
    """Exactly, or for a rounded one half away from zero. False for a side that is no expression."""
    left, right, rounded = equation
    if rounded:
        decimals = len(right.partition(".")[2])
        left = f"round({left}, {decimals})"
    try:
        return calculate(f"({left}) - ({right})") == 0
    except ToolError:
        return False


def last_value(steps: str) -> Fraction | None:
    """The right side of the last equation, None without."""
    read = [equation for line in steps.splitlines() for equation in equations(line, {}) if equation is not None]
    try:
        return Fraction(str(calculate(read[-1].right))) if read else None
    except ToolError:
        return None


def _trimmed(side: str) -> str:
    """A side without a bracket that belongs to the sentence around it."""
    side = side.strip()
    while side.count("(") < side.count(")") and side.endswith(")"):
        side = side[:-1].rstrip()
    while side.count("(") > side.count(")") and side.startswith("("):
        side = side[1:].lstrip()
    return side.replace("−", "-")
