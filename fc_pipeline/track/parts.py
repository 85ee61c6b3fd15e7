"""The parts of a track. A new part is a package with a `part.py` that defines `PART`, and a line here."""

from importlib import import_module

from fc_pipeline.engine.part import Part

_PACKAGES = (
    "feedback",
    "corpus",
    "training",
    "tokens",
    "images",
    "instructions",
    "tool_dialogues",
    "reasoning",
    "self_instruct",
    "exports",
    "evals.tokenizer",
    "evals.images",
    "evals.text",
    "evals.benchmarks",
    "evals.chat",
)
"""Each part after those that it builds on."""

PARTS: tuple[Part, ...] = tuple(import_module(f"fc_pipeline.{package}.part").PART for package in _PACKAGES)
