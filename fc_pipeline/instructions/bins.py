"""Bin packing: conversations into windows, none of them cut."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence


def pack_bins(lengths: Sequence[int], *, capacity: int) -> list[list[int]]:
    """Places of the lengths in bins that hold `capacity` each, best-fit decreasing (Johnson 1973).

    At most 11/9 of the fewest bins and one. A pure function of the lengths in their order: of equal ones the first
    comes first. Every length is at most `capacity`. Takes n log(capacity) steps.
    """
    bins: list[list[int]] = []
    open_bins: dict[int, list[int]] = defaultdict(list)  # room -> bins with that much of it
    rooms: list[int] = []  # the keys of `open_bins` that have bins, ascending
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        length = lengths[place]
        fitting = bisect_left(rooms, length)
        if fitting == len(rooms):
            number, room = len(bins), capacity
            bins.append([])
        else:
            room = rooms[fitting]
            number = open_bins[room].pop()
            if not open_bins[room]:
                rooms.pop(fitting)
        bins[number].append(place)
        room -= length
        if room:
            if not open_bins[room]:
                insort(rooms, room)
            open_bins[room].append(number)
    return bins
