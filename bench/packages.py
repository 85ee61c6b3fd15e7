"""Source files of installed packages: tens of megabytes of text that every installation holds."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("torch", "transformers", "sympy", "scipy", "pandas", "sklearn", "numpy", "networkx", "mlflow", "dagster")


def sources(packages: tuple[str, ...] = PACKAGES) -> Iterator[str]:
    """The Python files of each package in order, those that are not installed left out."""
    for package in packages:
        spec = importlib.util.find_spec(package)
        for location in (spec.submodule_search_locations or []) if spec is not None else []:
            for path in sorted(Path(location).rglob("*.py")):
                yield path.read_text("utf-8", errors="replace")
