"""Statistics over a few rows of a real table, or of the corpus's documents; the question has the table."""

import csv
import re
import statistics
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from fc_model.evals.chat.answers import Answer
from fc_pipeline.reasoning.numbers import is_short, rounded, written
from fc_pipeline.reasoning.outside.programs import Programs
from fc_pipeline.reasoning.problem import Desk, Kind, Problem, Redraw

Source = tuple[Sequence[str], str, Sequence[tuple[str, ...]]]
"""Names of columns, what a row is, and rows."""
_DECIMALS = 2
_QUESTIONS = {
    "sum": (
        *("What is the sum of {column}?", "Add up {column}.", "What do the values of {column} add up to?"),
        "Give me the total of {column}.",
    ),
    "mean": (
        *("What is the mean of {column}?", "What is {column} on average?", "Calculate the average of {column}."),
        "Find the arithmetic mean of {column}.",
    ),
    "median": (
        *("What is the median of {column}?", "Find the median of {column}.", "Which value is the median of {column}?"),
        "Give the median of {column}, please.",
    ),
    "range": (
        *("What is the range of {column}?", "How far apart are the smallest and the largest {column}?"),
        "What is the difference between the maximum and the minimum of {column}?",
        "Calculate the range of {column}.",
    ),
    "above": (
        *("In how many rows is {column} above {limit}?", "For how many {rows} is {column} greater than {limit}?"),
        *("Count the {rows} whose {column} is more than {limit}.", "How often is {column} larger than {limit}?"),
    ),
    "share": (
        "In what percentage of the rows is {column} above {limit}?",
        "For what percentage of the {rows} is {column} greater than {limit}?",
        "Which share of the {rows}, in percent, has more than {limit} in {column}?",
        "In percent, how many of the {rows} exceed {limit} in {column}?",
    ),
}
_ROUND = (
    " Round to two decimals.",
    " Give two decimals at most.",
    " Two decimals are enough.",
    " Round it to 2 places.",
)
_INTRODUCTIONS = ("Here is a table of {rows}:\n", "The table has {count} {rows}.\n", "", "Data of {count} {rows}:\n")


def _draw(desk: Desk) -> Problem:
    random = desk.random
    names, unit, pool = _documents(desk) if random.random() < 0.2 else _table(desk)
    count, width = min(random.randint(4, 8), len(pool)), min(random.randint(2, 3), len(names))
    if count < 4:
        raise Redraw("few_rows")
    places = random.sample(range(len(names)), width)
    rows = [[row[place] for place in places] for row in random.sample(pool, count)]
    columns = [names[place] for place in places]
    column = random.choice(columns)
    cells = [row[columns.index(column)] for row in rows]
    statistic = random.choice(list(_QUESTIONS))
    limit = random.choice(cells)
    steps, value = _reasoned(statistic, column, cells, limit)
    needs_rounding = statistic in ("mean", "share") and not is_short(value, _DECIMALS)
    text = rounded(value, _DECIMALS) if needs_rounding else written(value)
    slots = {"column": column, "rows": unit, "limit": limit, "count": str(count)}
    question = desk.one_of(_QUESTIONS[statistic]).format_map(slots)
    if needs_rounding or (statistic in ("mean", "share") and random.random() < 0.3):
        question += desk.one_of(_ROUND)
    shown = desk.one_of(_INTRODUCTIONS).format_map(slots) + _shown(columns, rows, random.choice(("csv", "markdown")))
    question = f"{shown}\n\n{question}" if random.random() < 0.7 else f"{question}\n\n{shown}"
    percent = statistic == "share"
    return Problem(
        kind=f"table/{statistic}",
        question=question,
        steps=tuple(steps),
        reply=desk.closing(text + "%" * percent),
        answer=Answer(kind="number", value=text, percent=percent),
        facts={"column": column, "statistic": statistic, "limit": limit},
        key=(statistic, *cells, limit if statistic in ("above", "share") else ""),
    )


def _documents(desk: Desk) -> Source:
    """Documents of the corpus."""
    rows = [tuple(map(str, row[1:])) for row in desk.material.values.lengths]
    return ("characters", "words", "lines"), "documents", rows


def _table(desk: Desk) -> Source:
    """A table; every fourth row is the holdout's, so that no problems of the two sides have equal rows."""
    if not desk.material.tables:
        raise Redraw("no_table")
    table = desk.random.choice(desk.material.tables)
    rows = [row for number, row in enumerate(table.rows) if (number % 4 == 3) is (desk.side == "holdout")]
    return table.columns, table.unit, rows


def _reasoned(statistic: str, column: str, cells: Sequence[str], limit: str) -> tuple[list[str], Fraction]:
    numbers = [Fraction(cell) for cell in cells]
    steps = [f"The values of {column} are {', '.join(cells)}."]
    if statistic in ("sum", "mean"):
        total = numbers[0]
        for cell, number in zip(cells[1:], numbers[1:], strict=True):
            steps.append(f"{written(total)} + {cell} = {written(total + number)}")
            total += number
        if statistic == "sum":
            return steps, total
        mean = total / len(numbers)
        steps.append(f"{len(numbers)} values: {written(total)} / {len(numbers)} {_equals(mean)}")
        return steps, mean
    if statistic == "range":
        low, high = min(numbers), max(numbers)
        steps.append(f"The smallest is {written(low)}, the largest is {written(high)}.")
        steps.append(f"{written(high)} - {written(low)} = {written(high - low)}")
        return steps, high - low
    if statistic == "median":
        ordered = sorted(numbers)
        steps.append(f"In order: {', '.join(map(written, ordered))}.")
        middle = len(ordered) // 2
        if len(ordered) % 2:
            steps.append(f"The one in the middle of {len(ordered)} is {written(ordered[middle])}.")
            return steps, ordered[middle]
        low, high = ordered[middle - 1 : middle + 1]
        median = (low + high) / 2
        steps.append(f"The two in the middle are {written(low)} and {written(high)}.")
        steps.append(f"({written(low)} + {written(high)}) / 2 = {written(median)}")
        return steps, median
    above = [cell for cell, number in zip(cells, numbers, strict=True) if number > Fraction(limit)]
    steps.append(f"Above {limit} are {', '.join(above)}: {len(above)}." if above else f"None is above {limit}: 0.")
    if statistic == "above":
        return steps, Fraction(len(above))
    share = Fraction(100 * len(above), len(cells))
    steps.append(f"{len(above)} / {len(cells)} * 100 {_equals(share)}")
    return steps, share


def _equals(value: Fraction) -> str:
    return f"= {written(value)}" if is_short(value, _DECIMALS) else f"≈ {rounded(value, _DECIMALS)}"


def _shown(columns: Sequence[str], rows: Sequence[Sequence[str]], form: str) -> str:
    if form == "csv":
        return "\n".join(",".join(row) for row in (columns, *rows))
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _confirms(problem: Problem, programs: Programs) -> bool:
    """Reads the table out of the question and asks Python's `statistics`, which is exact for Fractions."""
    column, statistic, limit = (problem.facts[name] for name in ("column", "statistic", "limit"))
    lines = [line.strip("| ") for line in problem.question.splitlines() if re.search(r"[|,]", line)]
    first = next(number for number, line in enumerate(lines) if column in re.split(r" \| |,", line))
    delimiter = "|" if " | " in lines[first] else ","
    table = [[cell.strip() for cell in row] for row in csv.reader(lines[first:], delimiter=delimiter)]
    place = table[0].index(column)
    cells = [Fraction(row[place]) for row in table[1:] if len(row) == len(table[0]) and re.match(r"-?\d", row[place])]
    over = [cell for cell in cells if cell > Fraction(limit)]
    values: dict[str, Callable[[], Fraction]] = {
        "sum": lambda: statistics.mean(cells) * len(cells),
        "mean": lambda: statistics.mean(cells),
        "median": lambda: Fraction(statistics.median(cells)),
        "range": lambda: max(cells) - min(cells),
        "above": lambda: Fraction(len(over)),
        "share": lambda: 100 * statistics.mean([Fraction(cell in over) for cell in cells]),
    }
    value = values[statistic]()
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    digits = exact.quantize(Decimal(1).scaleb(-_DECIMALS), ROUND_HALF_UP) if statistic in ("mean", "share") else exact
    return Decimal(problem.answer.value) == digits


TABLES = Kind(_draw, _confirms)
