"""Unit conversions in steps from one unit to the next; the tool `convert_units` checks them by factors of its own."""

import re
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from random import Random

from fc_model.evals.chat.answers import Answer
from fc_model.tools.exact import rational
from fc_model.tools.units import convert_units
from fc_pipeline.reasoning.numbers import is_short, rounded, spelled, written
from fc_pipeline.reasoning.outside.programs import Programs
from fc_pipeline.reasoning.problem import Desk, Kind, Problem, Redraw

_DECIMALS = 2
_STEPS = (
    *(("millimetre", "centimetre", "10"), ("centimetre", "metre", "100"), ("metre", "kilometre", "1000")),
    *(("centimetre", "inch", "2.54"), ("inch", "foot", "12"), ("foot", "yard", "3"), ("foot", "mile", "5280")),
    *(("metre", "nautical_mile", "1852"), ("kilometre", "mile", "1.609344")),
    *(("milligram", "gram", "1000"), ("gram", "kilogram", "1000"), ("kilogram", "tonne", "1000")),
    *(("gram", "ounce", "28.349523125"), ("ounce", "pound", "16"), ("pound", "stone", "14")),
    *(("millilitre", "litre", "1000"), ("us_fluid_ounce", "us_cup", "8"), ("us_cup", "us_pint", "2")),
    *(("us_pint", "us_gallon", "8"), ("litre", "us_gallon", "3.785411784")),
    *(("square_centimetre", "square_metre", "10000"), ("square_metre", "hectare", "10000")),
    *(("hectare", "square_kilometre", "100"), ("square_foot", "acre", "43560")),
    *(("second", "minute", "60"), ("minute", "hour", "60"), ("hour", "day", "24"), ("day", "week", "7")),
    *(("bit", "byte", "8"), ("byte", "kilobyte", "1000"), ("kilobyte", "megabyte", "1000")),
    *(("megabyte", "gigabyte", "1000"), ("byte", "kibibyte", "1024"), ("kibibyte", "mebibyte", "1024")),
    *(("joule", "kilojoule", "1000"), ("calorie", "kilocalorie", "1000"), ("joule", "calorie", "4.184")),
    ("kilometre_per_hour", "metre_per_second", "3.6"),
)
"""(smaller unit, larger unit, how many of the smaller one are one of the larger one), by definition."""
_TEMPERATURES = ("celsius", "fahrenheit", "kelvin")
_MOST_STEPS = 3
_QUESTIONS = (
    *("How many {to} are {value} {from}?", "Convert {value} {from} to {to}.", "What is {value} {from} in {to}?"),
    *("Express {value} {from} in {to}.", "{value} {from}: how much is that in {to}?", "Turn {value} {from} into {to}."),
    *("Please change {value} {from} to {to}.", "I have {value} {from}. What is that in {to}?"),
)
_ROUND = (" Round to two decimals.", " Two decimals are enough.", " Round it to 2 places.", " Give 2 decimals at most.")
_FACTS = (
    "1 {large} is {factor} {small}.",
    "There are {factor} {small} in 1 {large}.",
    "One {large} has {factor} {small}.",
)
_PLURALS = {"foot": "feet", "inch": "inches", "stone": "stone", "us_fluid_ounce": "US fluid ounces"}


def _draw(desk: Desk) -> Problem:
    random = desk.random
    start, end = _pair(random)
    number = desk.material.values.number(random)
    value = Fraction(str(number))
    if not value:
        raise Redraw("zero")
    steps, exact = _temperature(value, start, end) if start in _TEMPERATURES else _chain(value, start, end, random)
    if exact.denominator != 1 and abs(exact) < 1 and not is_short(exact, _DECIMALS):
        raise Redraw("too_small")  # two decimals would leave nothing of it
    is_exact = is_short(exact, _DECIMALS)
    text = written(exact) if is_exact else rounded(exact, _DECIMALS)
    slots = {"from": plural(start), "to": plural(end), "value": spelled(random, written(value))}
    question = desk.one_of(_QUESTIONS).format_map(slots)
    if not is_exact or random.random() < 0.2:
        question += desk.one_of(_ROUND)
    answer = f"{spelled(random, text)} {plural(end)}" if random.random() < 0.5 else spelled(random, text)
    return Problem(
        kind="units/temperature" if start in _TEMPERATURES else "units/chain",
        question=question,
        steps=tuple(steps),
        reply=desk.closing(answer),
        answer=Answer(kind="number", value=text),
        facts={"from_unit": start, "to_unit": end, "rounded": not is_exact},
        key=(start, end, written(value)),
    )


def plural(unit: str) -> str:
    if unit in _TEMPERATURES:
        return {"celsius": "degrees Celsius", "fahrenheit": "degrees Fahrenheit", "kelvin": "kelvins"}[unit]
    first, per, last = unit.replace("us_", "US ").replace("_", " ").partition(" per ")
    return _PLURALS.get(unit, f"{first}s{per}{last}")


def _pair(random: Random) -> tuple[str, str]:
    if random.random() < 0.15:
        start, end = random.sample(_TEMPERATURES, 2)
        return start, end
    units = sorted({unit for step in _STEPS for unit in step[:2]})
    start = random.choice(units)
    ends = [unit for unit in units if unit != start and 0 < len(_path(start, unit)) <= _MOST_STEPS]
    return start, random.choice(ends)


@cache
def _path(start: str, end: str) -> tuple[tuple[str, str, str, bool], ...]:
    """(from, to, factor, whether it multiplies), the fewest steps; empty where there is no way."""
    ways: dict[str, tuple[tuple[str, str, str, bool], ...]] = {start: ()}
    waiting = deque([start])
    while waiting:
        unit = waiting.popleft()
        if unit == end:
            return ways[unit]
        for other, factor, multiplies in _neighbours(unit):
            if other not in ways:
                ways[other] = (*ways[unit], (unit, other, factor, multiplies))
                waiting.append(other)
    return ()


def _neighbours(unit: str) -> Iterator[tuple[str, str, bool]]:
    for small, large, factor in _STEPS:
        if unit == large:
            yield small, factor, True
        elif unit == small:
            yield large, factor, False


def _chain(value: Fraction, start: str, end: str, random: Random) -> tuple[list[str], Fraction]:
    steps, term = list[str](), written(value)
    path = _path(start, end)
    for number, (unit, other, factor, multiplies) in enumerate(path):
        small, large = (other, unit) if multiplies else (unit, other)
        fact = random.choice(_FACTS).format(small=plural(small), large=_singular(large), factor=factor)
        value = value * Fraction(factor) if multiplies else value / Fraction(factor)
        term = f"{term} {'*' if multiplies else '/'} {factor}"
        is_last = number == len(path) - 1
        if is_last:
            steps.append(f"{fact} {term} {_equals(value)}")
        elif is_short(value):
            steps.append(f"{fact} {term} = {written(value)}")
            term = written(value)
        else:  # goes on unrounded: a rounded step would change the answer
            steps.append(f"{fact} {term}")
    return steps, value


def _singular(unit: str) -> str:
    return unit.replace("us_", "US ").replace("_", " ")


def _temperature(value: Fraction, start: str, end: str) -> tuple[list[str], Fraction]:
    steps, text = list[str](), written(value)
    if start == "kelvin":
        value = value - Fraction("273.15")
        steps.append(f"From kelvins to Celsius: {text} - 273.15 {_equals(value, end == 'celsius')}")
    elif start == "fahrenheit":
        celsius = (value - 32) * 5 / 9
        if end == "kelvin":
            total = celsius + Fraction("273.15")
            steps.append("Subtract 32, take five ninths, and add 273.15.")
            steps.append(f"({text} - 32) * 5 / 9 + 273.15 {_equals(total)}")
            return steps, total
        steps.append("Subtract 32 and take five ninths.")
        steps.append(f"({text} - 32) * 5 / 9 {_equals(celsius)}")
        return steps, celsius
    if end == "fahrenheit":
        total = value * 9 / 5 + 32
        steps.append(f"From Celsius to Fahrenheit: {_term(value)} * 9 / 5 + 32 {_equals(total)}")
        return steps, total
    if end == "kelvin":
        total = value + Fraction("273.15")
        steps.append(f"From Celsius to kelvins: {text} + 273.15 {_equals(total)}")
        return steps, total
    return steps, value


def _term(value: Fraction) -> str:
    return f"({written(value)})" if value < 0 else written(value)


def _equals(value: Fraction, is_last: bool = True) -> str:
    """Only the last value is rounded."""
    is_exact = is_short(value, _DECIMALS) or not is_last
    return f"= {written(value)}" if is_exact else f"≈ {rounded(value, _DECIMALS)}"


def _confirms(problem: Problem, programs: Programs) -> bool:
    number = re.search(r"\d[\d,]*(?:\.\d+)?", problem.question)
    assert number is not None
    value = float(number[0].replace(",", ""))
    result = rational(convert_units(value, problem.facts["from_unit"], problem.facts["to_unit"]))
    expected = Fraction(problem.answer.value)
    return Fraction(rounded(result, _DECIMALS)) == expected if problem.facts["rounded"] else result == expected


UNITS = Kind(_draw, _confirms)
