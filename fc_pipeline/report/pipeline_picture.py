"""The pipeline as a picture: artifacts from left to right, joined by what each was made from."""

from collections import defaultdict
from typing import Any

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _LETTERS = 132, 44, 34, 14, 18
_BAND_GAP, _MARGIN = 56, 20
_BAND_COLUMNS = 6
"""More columns than this go on in a second row, so that the letters stay readable."""
_FOLDED = {"sources": "source", "evalsets": "eval set", "images": "image source"}
"""Folders that are one box, and what one of them is called."""
_FONTS = "images/fonts"
"""No source of images: it has a box of its own."""
_LABELS = {"images": "real images"}
"""Of folded boxes that would be called as another one."""


def pipeline_picture(edges: dict[str, set[str]], sublabels: dict[str, str]) -> dict[str, Any]:
    """Places of boxes and curves for a template: {"width", "height", "boxes", "curves"}.

    Args:
        edges: key -> keys that it was made from. All `sources/...` become one box, and so do all `evalsets/...` and
            all `images/...` but the fonts; what is joined to nothing is left out.
        sublabels: a second line by key.
    """
    nodes = {_fold(key): {_fold(made_from) for made_from in inputs} for key, inputs in edges.items()}
    for inputs in list(nodes.values()):
        for key in inputs:
            nodes.setdefault(key, set())
    nodes = _joined(nodes) or nodes
    depth: dict[str, int] = {}
    columns: dict[int, list[str]] = defaultdict(list)
    for key in sorted(nodes):
        _depth(key, nodes, depth)
    _late(nodes, depth)
    for key in sorted(nodes):
        columns[depth[key]].append(key)
    place: dict[str, tuple[float, float]] = {}
    height = 0.0
    bottoms: list[float] = []
    for first in range(0, max(columns) + 1, _BAND_COLUMNS):
        band = range(first, min(first + _BAND_COLUMNS, max(columns) + 1))
        tallest = max(len(columns[column]) for column in band)
        height += _BAND_GAP if first else 0
        for column in band:
            top = height + (tallest - len(columns[column])) * (_HEIGHT + _GAP_Y) / 2
            for row, key in enumerate(columns[column]):
                place[key] = (
                    (column - first) * (_WIDTH + _GAP_X) + _MARGIN,
                    round(top + row * (_HEIGHT + _GAP_Y), 1) + 1,
                )
        height += tallest * (_HEIGHT + _GAP_Y) - _GAP_Y
        bottoms.append(height)
    folded = {name: len({key for inputs in edges.values() for key in inputs if _fold(key) == name}) for name in _FOLDED}
    boxes = [
        {
            "x": x,
            "y": y,
            "label": _LABELS.get(key) or _short(key),
            "sublabel": _count(key, folded[key]) if key in folded else sublabels.get(key, ""),
            "title": key,
        }
        for key, (x, y) in sorted(place.items())
    ]
    curves = [
        _curve(place[made_from], place[key], _bands(depth[made_from], depth[key]), bottoms)
        for key in sorted(nodes)
        for made_from in sorted(_without_shortcuts(key, nodes))
    ]
    width = min(max(columns) + 1, _BAND_COLUMNS) * (_WIDTH + _GAP_X) - _GAP_X + _MARGIN
    return {"width": width + 2, "height": height + 2, "box": (_WIDTH, _HEIGHT), "boxes": boxes, "curves": curves}


def _bands(start: int, end: int) -> tuple[int, int]:
    return start // _BAND_COLUMNS, end // _BAND_COLUMNS


def _curve(start: tuple[float, float], end: tuple[float, float], bands: tuple[int, int], bottoms: list[float]) -> str:
    """From the right of a box to the left of a later one; into the next row by the gap between the rows."""
    if bands[0] == bands[1]:
        x0, y0, x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT / 2, end[0], end[1] + _HEIGHT / 2
        middle = (x0 + x1) / 2
        return f"M{x0} {y0} C{middle} {y0} {middle} {y1} {x1} {y1}"
    x0, y0, x1, y1 = start[0] + _WIDTH / 2, start[1] + _HEIGHT, end[0], end[1] + _HEIGHT / 2
    return f"M{x0} {y0} V{bottoms[bands[0]] + _BAND_GAP / 2} H{x1 - _MARGIN / 2} V{y1} H{x1}"


def _fold(key: str) -> str:
    first = key.split("/")[0]
    return first if first in _FOLDED and key != _FONTS else key


def _count(folder: str, number: int) -> str:
    return f"{number} {_FOLDED[folder]}{'' if number == 1 else 's'}"


def _joined(nodes: dict[str, set[str]]) -> dict[str, set[str]]:
    used = {made_from for inputs in nodes.values() for made_from in inputs}
    return {key: inputs for key, inputs in nodes.items() if inputs or key in used}


def _late(nodes: dict[str, set[str]], depth: dict[str, int]) -> None:
    """Moves what is made from nothing to just before its first use, so that its line runs behind no other box."""
    for key in (key for key, inputs in nodes.items() if not inputs):
        uses = [depth[user] for user, inputs in nodes.items() if key in inputs]
        if uses:
            depth[key] = min(uses) - 1


def _short(key: str) -> str:
    """The part of a key that tells it from its neighbours."""
    name = key.split("/", 2)[2] if key.startswith("corpus/") else key.partition("/")[2] or key
    return name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…"


def _depth(key: str, nodes: dict[str, set[str]], known: dict[str, int]) -> int:
    if key not in known:
        known[key] = 1 + max((_depth(made_from, nodes, known) for made_from in nodes[key]), default=-1)
    return known[key]


def _above(key: str, nodes: dict[str, set[str]]) -> set[str]:
    """Everything that a key was made from, directly or not."""
    found: set[str] = set()
    waiting = list(nodes[key])
    while waiting:
        found.add(made_from := waiting.pop())
        waiting += nodes[made_from] - found
    return found


def _without_shortcuts(key: str, nodes: dict[str, set[str]]) -> set[str]:
    """The inputs that no other input was made from: the rest would be lines beside a longer way."""
    return {made_from for made_from in nodes[key] if not any(made_from in _above(o, nodes) for o in nodes[key])}
