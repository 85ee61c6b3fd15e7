"""The sides of a data bench: each alone in its process, in turns, its children's processor time included."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from bench.data_dedup import child
from bench.timing import Seconds
from fc_pipeline.engine.resource_usage import tree_cpu_seconds


class Race(NamedTuple):
    """What the sides answered: {"cpu", "wall", and what else a side tells} of every round."""

    runs: dict[str, list[dict[str, Any]]]
    missing: dict[str, str]
    """Why a side did not run, as when its package is not installed."""

    def rates(self, megabytes: float) -> dict[str, dict[str, Any]]:
        """Of each side the median rates, and what it told in the first round."""
        return {
            name: {
                **rates(megabytes, median(found, "cpu"), median(found, "wall")),
                **{key: value for key, value in found[0].items() if key not in {"cpu", "wall", "kept_ids"}},
            }
            for name, found in self.runs.items()
        }

    def over(self, ours: str, others: Iterable[str]) -> dict[str, float]:
        """How many times the rate of each other side ours is, by processor time."""
        return {
            f"{ours}_over_{name}": round(median(self.runs[name], "cpu") / median(self.runs[ours], "cpu"), 2)
            for name in others
            if name in self.runs and ours in self.runs
        }


def race(module: str, names: Iterable[str], folder: Path, *, rounds: int) -> Race:
    """Runs `python -m module NAME FOLDER` for every name, `rounds` times in turn; see `answer`."""
    names = list(names)
    found = Race({}, {})
    for _ in range(rounds):
        for name in names:
            if name in found.missing:
                continue
            if error := child(module, name, str(folder)):
                found.missing[name] = error
            else:
                found.runs.setdefault(name, []).append(json.loads((folder / f"{name}.json").read_text("utf-8")))
    return found


def answer(folder: Path, name: str, run: Callable[[], dict[str, Any]]) -> None:
    """Time a side and write FOLDER/NAME.json: what it returned, "cpu" and "wall"."""
    told: list[dict[str, Any]] = []
    seconds = tree_timed(lambda: told.append(run()))
    said = {**told[0], "cpu": seconds.cpu, "wall": seconds.wall}
    (folder / f"{name}.json").write_text(json.dumps(said), "utf-8")


def tree_timed(call: Callable[[], object]) -> Seconds:
    """Run once; the processor time is that of this process and all below it, dead or alive."""
    cpu, wall = tree_cpu_seconds(), time.perf_counter()
    call()
    return Seconds(cpu=tree_cpu_seconds() - cpu, wall=time.perf_counter() - wall)


def median(runs: list[dict[str, Any]], field: str) -> float:
    return statistics.median(run[field] for run in runs)


def rates(megabytes: float, cpu: float, wall: float) -> dict[str, float]:
    return {"mb_per_cpu_second": round(megabytes / cpu, 2), "mb_per_second": round(megabytes / wall, 2)}
