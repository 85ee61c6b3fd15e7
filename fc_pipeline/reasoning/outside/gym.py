"""reasoning-gym, in a process of its own (process.py): its tasks, and what it says of an answer."""

import importlib
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

_FAMILIES = ("arithmetic", "algebra", "geometry")


def make_task(*, wheel: str, name: str, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """{"question", "answer", "chain"} of the generator `name`; `chain` is its own chain of thought, None without."""
    task = _dataset(wheel, name, seed, settings)[0]
    return {"question": task["question"], "answer": task["answer"], "chain": task["metadata"].get("answer_cot")}


def score_task(*, wheel: str, name: str, seed: int, settings: dict[str, Any], answer: str) -> float:
    """What its checker says of an answer: 1.0 for the right one. The task is made anew."""
    dataset = _dataset(wheel, name, seed, settings)
    return float(dataset.score_answer(answer, dataset[0]))


def _dataset(wheel: str, name: str, seed: int, settings: dict[str, Any]) -> Any:
    return _create(wheel)(name, size=1, seed=seed, **settings)


@cache
def _create(wheel: str) -> Callable[..., Any]:
    """`create_dataset` of the wheel, which is imported from as it is.

    The package's own __init__ would import all families, and so packages that only some of them need; a bare package
    in its place lets some be imported alone. They register their generators when they are.
    """
    package = ModuleType("reasoning_gym")
    package.__path__ = [f"{wheel}/reasoning_gym"]
    sys.modules["reasoning_gym"] = package
    for family in _FAMILIES:
        importlib.import_module(f"reasoning_gym.{family}")
    create: Callable[..., Any] = importlib.import_module("reasoning_gym.factory").create_dataset
    return create
