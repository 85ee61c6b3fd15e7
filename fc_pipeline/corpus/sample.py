"""Some of many documents, for parts that make something of a few of them."""

from collections.abc import Collection, Iterator
from random import Random
from typing import Any


def sample_records(records: Iterator[dict[str, Any]], count: int, random: Random) -> list[dict[str, Any]]:
    """Up to `count` records, each as likely as another (reservoir sampling, Vitter 1985, algorithm R)."""
    chosen: list[dict[str, Any]] = []
    for number, record in enumerate(records):
        if number < count:
            chosen.append(record)
        elif (place := random.randrange(number + 1)) < count:
            chosen[place] = record
    return chosen


def joined_licence(licences: Collection[str]) -> str:
    """Of what is made from documents of all of these: an SPDX expression."""
    return " AND ".join(f"({name})" if " OR " in name else name for name in sorted(set(licences)))
