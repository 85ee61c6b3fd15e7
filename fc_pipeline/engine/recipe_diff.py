"""Differences between the recipe of an artifact and the current recipe of its key."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fc_model.artifacts.manifest import InputEntry, Recipe
from fc_model.config.differences import differences


@dataclass(frozen=True)
class Wanted:
    """The recipe of a key as far as it is known: `inputs` has None for an input that is not built yet."""

    config: dict[str, Any]
    code: dict[str, Any]
    inputs: dict[str, tuple[str, InputEntry | None]]
    """Role -> (key, entry)."""


@dataclass
class Changes:
    """One line each. `parts` lists every function, class and constant behind a changed code version."""

    certain: list[str]
    """Differences of configuration, code and inputs, which no rebuilt input can take back."""
    waiting: list[str] = field(default_factory=list)
    """Inputs that are not built yet, so it is unknown whether they changed."""
    parts: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return [*self.certain, *self.waiting]


def changes(before: Recipe, now: Wanted) -> Changes:
    """Every difference, in words, with its kind."""
    diff = Changes(differences(before.config, json.loads(json.dumps(now.config))))
    if before.code["version"] != now.code["version"]:
        diff.parts = part_changes(before.code["parts"], now.code["parts"])
        diff.certain.append(_summary(diff.parts))
    for role in sorted(before.inputs.keys() - now.inputs.keys()):
        diff.certain.append(f"input {role} ({before.inputs[role].key}) is gone")
    for role, (key, entry) in now.inputs.items():
        old = before.inputs.get(role)
        if old is None:
            diff.certain.append(f"input {role} ({key}) is new")
        elif entry is None:
            diff.waiting.append(f"input {key} is rebuilt")
        elif entry.digest != old.digest:
            diff.certain.append(f"input {key} {old.digest[:8]} -> {entry.digest[:8]}")
    return diff


def part_changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """`changed module:name`, `added ...`, `removed ...`, changed ones first.

    A definition that only moved to another module is left out: its bare name and its hash are unchanged.
    """
    removed, added = _without(before, now), _without(now, before)
    changed = removed & added
    for label in sorted(added - changed):  # moved and edited
        moved = sorted(old for old in removed - changed if _bare(old) == _bare(label))
        if moved:
            removed.remove(moved[0])
            changed.add(label)
    return [
        *(f"changed {label}" for label in sorted(changed)),
        *(f"added {label}" for label in sorted(added - changed)),
        *(f"removed {label}" for label in sorted(removed - changed)),
    ]


def _without(parts: dict[str, str], others: dict[str, str]) -> set[str]:
    """Labels of the parts without a counterpart in `others`, in whichever module; each counterpart counts once."""
    left = Counter((_bare(label), part) for label, part in others.items())
    left.subtract((_bare(label), part) for label, part in parts.items() if others.get(label) == part)
    labels = set()
    for label in sorted(label for label, part in parts.items() if others.get(label) != part):
        if left[_bare(label), parts[label]] > 0:
            left[_bare(label), parts[label]] -= 1
        else:
            labels.add(label)
    return labels


def _bare(label: str) -> str:
    return label.rpartition(":")[2]


def _summary(parts: list[str]) -> str:
    if not parts:  # a declared equivalence was taken back, or two definitions of one name were exchanged
        return "code version changed"
    verb, name = parts[0].split(" ", 1)
    more = f" and {len(parts) - 1} more" if len(parts) > 1 else ""
    return f"code: {name.rpartition('.')[2]} {verb}{more}"
