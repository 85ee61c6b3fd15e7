"""Levenshtein's distance: insertions, deletions and substitutions that turn one sequence into another."""

from collections.abc import Hashable, Sequence


def levenshtein(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """The distance of two strings (by code points) or of two lists (of words, for instance). Exact.

    One column of the matrix of distances is a pair of integers with a bit for each element of the shorter sequence:
    where it goes up by one, and where down (Myers 1999, "A fast bit-vector algorithm for approximate string matching
    based on dynamic programming", in the form of Hyyrö 2003). Python's integers are of any length, so none is split.
    """
    pattern, text = _differing_middles(first, second)
    if not pattern:
        return len(text)
    places: dict[Hashable, int] = {}
    for place, element in enumerate(pattern):
        places[element] = places.get(element, 0) | 1 << place
    mask = (1 << len(pattern)) - 1
    last = 1 << (len(pattern) - 1)
    up, down, distance = mask, 0, len(pattern)
    for element in text:
        equal = places.get(element, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        right_up = down | (mask & ~(diagonal | up))
        right_down = diagonal & up
        if right_up & last:
            distance += 1
        elif right_down & last:
            distance -= 1
        right_up = (right_up << 1) | 1
        up = mask & ((right_down << 1) | ~(diagonal | right_up))
        down = mask & right_up & diagonal
    return distance


def _differing_middles(
    first: Sequence[Hashable], second: Sequence[Hashable]
) -> tuple[Sequence[Hashable], Sequence[Hashable]]:
    """Both without what they share at their ends, which costs nothing; the shorter one first."""
    if len(first) > len(second):
        first, second = second, first
    start, end = 0, len(first)
    while start < end and first[start] == second[start]:
        start += 1
    surplus = len(second) - len(first)
    while end > start and first[end - 1] == second[end - 1 + surplus]:
        end -= 1
    return first[start:end], second[start : end + surplus]
