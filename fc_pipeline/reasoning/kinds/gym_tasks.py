"""Tasks of reasoning-gym, solved by chains of our own; its checker says whether the answer is right.

`gsm_symbolic` brings chains along. Those whose equations do not hold, or cannot be read, are drawn again: at this
release some round in the middle, print 0.7499999999999991, or write 15 ÷ 1/3 for 15 ÷ (1/3).
"""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

from fc_model.evals.chat.answers import AnswerKind
from fc_model.evals.chat.equations import last_value, step_fault
from fc_pipeline.reasoning.numbers import written
from fc_pipeline.reasoning.problem import Redraw

_LEGS = {
    0: ("snake", "sea slug", "jellyfish", "flatworm", "leech"),
    2: ("chicken", "bird", "human", "duck"),
    4: ("dog", "cat", "cow", "horse", "lion", "elephant", "giraffe", "tiger", "deer", "sheep"),
    5: ("starfish",),
    6: (
        *("insect", "ant", "butterfly", "beetle", "bee", "wasp", "grasshopper", "cricket", "cockroach"),
        *("praying mantis", "firefly"),
    ),
    8: ("spider", "scorpion"),
    10: ("crab", "lobster", "shrimp"),
    14: ("woodlouse",),
}
_LEGS_OF = {animal: legs for legs, animals in _LEGS.items() for animal in animals}
_FLOAT = re.compile(r"(?<=\d)\.0(?!\d)")


class Solved(NamedTuple):
    """A chain and its answer; `variables` are the letters in its equations."""

    steps: list[str]
    answer: str
    kind: AnswerKind = "number"
    variables: Mapping[str, str] = MappingProxyType({})


class Task(NamedTuple):
    """A generator with its settings, and what solves what it asks."""

    settings: dict[str, Any]
    solve: Callable[[str, str | None], Solved]
    """(question, the generator's own chain)."""


def _chain_sum(question: str, chain: str | None) -> Solved:
    terms = re.findall(r"(?:^|[+-])\s*\d+(?:\.\d+)?", question.rpartition(":")[2].strip())
    total, steps = Fraction(terms[0].replace(" ", "")), list[str]()
    for term in terms[1:]:
        sign, number = term[0], term[1:].strip()
        value = total + (Fraction(number) if sign == "+" else -Fraction(number))
        steps.append(f"{written(total)} {sign} {number} = {written(value)}")
        total = value
    return Solved(steps, written(total))


def _products(question: str, chain: str | None) -> Solved:
    first, second = map(int, _numbers(question))
    parts = [int(digit) * 10**place for place, digit in enumerate(reversed(str(second))) if digit != "0"]
    steps = [f"{first} * {part} = {first * part}" for part in parts]
    if len(parts) > 1:
        steps.append(f"{' + '.join(str(first * part) for part in parts)} = {first * second}")
    return Solved(steps or [f"{first} * {second} = 0"], str(first * second))


def _euclid(first: int, second: int) -> tuple[list[str], int]:
    steps = list[str]()
    large, small = max(first, second), min(first, second)
    while small:
        steps.append(f"{large} = {large // small} * {small} + {large % small}")
        large, small = small, large % small
    return steps, large


def _gcd(question: str, chain: str | None) -> Solved:
    steps, divisor = _euclid(*map(int, _numbers(question)))
    return Solved([*steps, f"The last divisor is {divisor}"], str(divisor))


def _lcm(question: str, chain: str | None) -> Solved:
    first, second = map(int, _numbers(question))
    steps, divisor = _euclid(first, second)
    multiple = first * second // divisor
    steps += [f"The greatest common divisor is {divisor}.", f"{first} * {second} / {divisor} = {multiple}"]
    return Solved(steps, str(multiple))


def _fraction(question: str, chain: str | None) -> Solved:
    above, below = map(int, _numbers(question))
    steps, divisor = _euclid(above, below)
    steps += [f"{above} / {divisor} = {above // divisor}", f"{below} / {divisor} = {below // divisor}"]
    answer = f"{above // divisor}/{below // divisor}"
    return Solved([*steps, f"The fraction is {answer}"], answer)


def _factors(question: str, chain: str | None) -> Solved:
    number, divisor, factors, steps = int(_numbers(question)[0]), 2, list[int](), list[str]()
    whole = number
    while divisor * divisor <= number:
        if number % divisor:
            divisor += 1
            continue
        steps.append(f"{number} / {divisor} = {number // divisor}")
        factors.append(divisor)
        number //= divisor
    factors.append(number)
    steps.append(f"{number} is prime.")
    answer = " × ".join(map(str, factors))
    return Solved([*steps, f"{whole} = {answer}"], answer, kind="factors")


def _legs(question: str, chain: str | None) -> Solved:
    counts = re.findall(r"(\d+) ([a-z ]+?)s?(?=,|\?)", question)
    steps, parts = list[str](), list[int]()
    for count, animal in counts:
        legs = _LEGS_OF[animal] if animal in _LEGS_OF else _LEGS_OF[f"{animal}s"]
        parts.append(int(count) * legs)
        steps.append(f"{animal}: {count} * {legs} = {parts[-1]}")
    return Solved([*steps, f"{' + '.join(map(str, parts))} = {sum(parts)}"], str(sum(parts)))


def _equation(question: str, chain: str | None) -> Solved:
    match = re.search(r"(?:(-?\d+) ([+-]) )?(-?\d*)\*?([a-z])(?: ([+-]) (\d+))? = (-?\d+)$", question)
    if match is None:
        raise Redraw("other_equation")
    before, joint, factor, letter, sign, behind, right = match.groups()
    coefficient = int(factor if factor not in ("", "-") else f"{factor}1") * (-1 if joint == "-" else 1)
    constant, total = int(before or 0) + int(f"{sign or ''}{behind or 0}"), int(right)
    steps = [match[0]]
    if constant:
        moved = f"+ {-constant}" if constant < 0 else f"- {constant}"
        steps.append(f"{coefficient} * {letter} = {total} {moved} = {total - constant}")
    value = Fraction(total - constant, coefficient)
    steps.append(f"{letter} = {total - constant} / {_term(coefficient)} = {written(value)}")
    return Solved(steps, written(value), variables={letter: written(value)})


def _angles(question: str, chain: str | None) -> Solved:
    angles = [int(text) for text in re.findall(r"(\d+)\.0°", question)]
    sides = len(angles) + 1
    total = 180 * (sides - 2)
    steps = [
        f"The angles of {sides} sides add up to ({sides} - 2) * 180 = {total}",
        f"{' + '.join(map(str, angles))} = {sum(angles)}",
        f"{total} - {sum(angles)} = {total - sum(angles)}",
    ]
    return Solved(steps, str(total - sum(angles)))


def _school(question: str, chain: str | None) -> Solved:
    """The generator's own chain, without its last line; floats that are whole are written so."""
    assert chain is not None
    text, _, answer = chain.partition("####")
    lines = [_FLOAT.sub("", line.strip()) for line in text.splitlines() if line.strip()]
    value = last_value("\n".join(lines))
    if value is None or value != Fraction(answer.strip()):
        raise Redraw("gym_no_conclusion")
    if value < 0:
        raise Redraw("gym_negative")  # somebody aged -1; and the checker reads no sign
    fault = step_fault("\n".join(lines))
    if fault is not None:
        raise Redraw(f"gym_{fault}")
    if re.search(r"\.\d{5}", text):
        raise Redraw("gym_float")
    return Solved([*lines, f"The answer is {written(value)}"], written(value))


def _numbers(question: str) -> list[str]:
    """Those of the task, before its hints on the form of the answer."""
    return re.findall(r"\d+", re.split(r"\. Give|\. Write|\?", question)[0])


def _term(value: int) -> str:
    return f"({value})" if value < 0 else str(value)


TASKS = {
    "chain_sum": Task({"max_terms": 5, "max_digits": 4}, _chain_sum),
    "decimal_chain_sum": Task({"max_terms": 4, "max_digits": 3, "max_decimal_places": 3}, _chain_sum),
    "products": Task({"max_terms": 2, "min_digits": 2, "max_digits": 3}, _products),
    "gcd": Task({}, _gcd),
    "lcm": Task({}, _lcm),
    "fraction_simplification": Task({"max_value": 200, "max_factor": 40}, _fraction),
    "prime_factorization": Task({}, _factors),
    "leg_counting": Task({"max_animals": 5}, _legs),
    "simple_equations": Task({"max_terms": 3}, _equation),
    "simple_geometry": Task({}, _angles),
    "gsm_symbolic": Task({}, _school),
}
