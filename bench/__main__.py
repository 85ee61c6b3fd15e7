"""All races, one after the other, and their ratios in one table.

    python -m bench [--budget 300]

Each race is a bench of its own with more settings, see bench/README.md. Its lines of JSON go to standard error as they
come, the table to standard output. A side that is not installed or refused is left out, and its row says why.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from fc_pipeline.formatting import markdown_table

HEADER = ("race", "setting", "ours over", "times", "processor, capability")
_SETTINGS = ("threads", "precision", "shape", "dtype", "format", "megabytes", "seed", "budget")


def main(argv: list[str] | None = None) -> int:
    """Run the races and print the table; returns the first bad exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=300, help="CPU seconds of a training of the race of quality")
    lines: list[dict[str, Any]] = []
    status = 0
    for race in races(parser.parse_args(argv).budget):
        command = [sys.executable, "-m", *race]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(line, end="", file=sys.stderr, flush=True)
                if line.startswith("{"):
                    lines.append(json.loads(line))
        status = status or process.returncode
    print(markdown_table(HEADER, table(lines)))
    return status


def races(budget: float) -> list[list[str]]:
    """Module and arguments of each."""
    return [
        ["bench.train_step"],
        ["bench.quality", "--budget", f"{budget:g}"],
        ["bench.attention"],
        ["bench.data"],
        ["bench.ocr"],
    ]


def table(lines: Iterable[dict[str, Any]]) -> list[list[str]]:
    """A row for each ratio of each line; bits per byte, which have none, as they are."""
    rows = []
    for line in lines:
        race = line["bench"]
        setting = ", ".join(f"{name} {line[name]}" for name in _SETTINGS if name in line)
        machine = f"{line['machine']['cpu']}, {line['machine']['capability']}"
        if "bits_per_byte" in line:
            rows.append([race, setting, f"bits per byte of {line['contender']}", str(line["bits_per_byte"]), machine])
        rows += [[race, setting, side, times, machine] for side, times in ratios(line)]
        left_out = line.get("left_out") or line.get("missing") or {}
        rows += [[race, setting, side, str(why).splitlines()[-1], machine] for side, why in left_out.items()]
    return rows


def ratios(figures: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what ours is over, how many times): what stands below a name that says so."""
    for name, value in figures.items():
        if name in ("ratio", "ratios") or name.startswith("ours_"):
            yield from ((" ".join((name, *path)), str(number)) for path, number in _numbers(value))


def _numbers(value: Any, *path: str) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _numbers(inner, *path, name)
    else:
        yield path, value


if __name__ == "__main__":
    sys.exit(main())
