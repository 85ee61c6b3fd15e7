"""Specifications of steps, by what a test says of them."""

from typing import Any

from fc_pipeline.engine.deferred import Deferred
from fc_pipeline.engine.step import StepSpec

WRITE = "tests.reliability.fake_steps:write_documents"


def step(key: str, *inputs: str, function: str = WRITE, **settings: Any) -> StepSpec:
    """A step of the track that its key begins with; each of `inputs` has its key as role."""
    shared = key.startswith(("sources/", "corpus/", "evalsets/", "images/", "tokenizers/"))
    defaults = {
        "description": "A step.",
        "group": key.partition("/")[0],
        "inputs": {name: name for name in inputs},
        "track": None if shared else key.partition("/")[0],
    }
    return StepSpec(key=key, function=Deferred.of(function), **defaults | settings)
