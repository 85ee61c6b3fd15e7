"""Numbers in a list: their statistics, computed in decimal and rounded once; and lists in order."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Any

from fc_model.tools.exact import PRECISION, json_number
from fc_model.tools.tool import BOOLEAN, NUMBER, Tool, ToolError, array, one_of, record

_NUMBER_OR_NULL = {"type": ["number", "null"]}
SUMMARY = record(
    {
        "count": {"type": "integer"},
        "sum": NUMBER,
        "mean": NUMBER,
        "median": NUMBER,
        "min": NUMBER,
        "max": NUMBER,
        "standard_deviation": _NUMBER_OR_NULL,
    }
)


def summary(numbers: Sequence[Decimal]) -> dict[str, Any]:
    """SUMMARY of one number or more. The standard deviation is that of a sample (n - 1), null for one number."""
    with localcontext(prec=PRECISION):
        ordered, count = sorted(numbers), len(numbers)
        total = sum(ordered, Decimal(0))
        mean = total / count
        middle = ordered[count // 2]
        median = middle if count % 2 else (ordered[count // 2 - 1] + middle) / 2
        squares = sum(((number - mean) ** 2 for number in ordered), Decimal(0))
        deviation = (squares / (count - 1)).sqrt() if count > 1 else None
    return {
        "count": count,
        "sum": json_number(total),
        "mean": json_number(mean),
        "median": json_number(median),
        "min": json_number(ordered[0]),
        "max": json_number(ordered[-1]),
        "standard_deviation": None if deviation is None else json_number(deviation),
    }


def list_statistics(numbers: list[float]) -> dict[str, Any]:
    return summary([Decimal(repr(number)) for number in numbers])


def sort_list(items: list[Any], order: str = "ascending", unique: bool = False) -> list[Any]:
    """Numbers by value, texts by code point; of equal ones the first stays."""
    if len({isinstance(item, str) for item in items}) > 1:
        raise ToolError("items are numbers or texts, not both")
    return sorted(dict.fromkeys(items) if unique else items, reverse=order == "descending")


TOOLS = (
    Tool(
        name="list_statistics",
        description="Count, sum, mean, median, minimum, maximum and standard deviation of numbers.",
        parameters=record({"numbers": array(NUMBER, least=1)}),
        executor=list_statistics,
        result=SUMMARY,
    ),
    Tool(
        name="sort_list",
        description="Sorts numbers or texts, and leaves out repetitions if asked to.",
        parameters=record(
            {"items": array({"type": ["number", "string"]})},
            optional={"order": one_of("ascending", "descending"), "unique": BOOLEAN},
        ),
        executor=sort_list,
        result=array({"type": ["number", "string"]}),
    ),
)
