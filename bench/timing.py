"""Seconds of the processor, medians over rounds, and one line of JSON a result."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch


def whole_number(text: str) -> int:
    """A number above 0, as an argument of a bench."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is below 1")
    return number


class Seconds(NamedTuple):
    """Medians of one contender."""

    cpu: float
    """User and system seconds of this process, all its threads together."""
    wall: float


def timed(call: Callable[[], object]) -> Seconds:
    """Run once."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return Seconds(cpu=time.process_time() - cpu, wall=time.perf_counter() - wall)


def round_robin(contenders: Mapping[str, Callable[[], object]], *, rounds: int, warmup: int = 1) -> dict[str, Seconds]:
    """Median seconds of each; a round runs every contender once, so that a noisy minute hits all of them."""
    seen: dict[str, list[Seconds]] = {name: [] for name in contenders}
    for number in range(warmup + rounds):
        for name, call in contenders.items():
            seconds = timed(call)
            if number >= warmup:
                seen[name].append(seconds)
    return {
        name: Seconds(
            cpu=statistics.median(one.cpu for one in all_of_it), wall=statistics.median(one.wall for one in all_of_it)
        )
        for name, all_of_it in seen.items()
    }


def report(**figures: Any) -> None:
    """Print the figures and the machine they are from as one line of JSON.

    `capability` is the vectors that torch's kernels take: the processor's widest, or what ATEN_CPU_CAPABILITY says.
    """
    machine = {
        "cpu": cpu_name(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "load1": round(os.getloadavg()[0], 2),
    }
    print(json.dumps({**figures, "machine": machine}), flush=True)


def cpu_name() -> str:
    """Name of the processor as Linux gives it, elsewhere what Python knows."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
