"""Small real shards and stage folders for the tests of training."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factories import models
from factories.token_shards import write_token_shards

VOCAB = models.MODEL["vocab_size"]

MODEL: dict[str, Any] = models.MODEL | {"dropout": 0.1}
STAGE: dict[str, Any] = models.STAGE | {
    "precision": "fp32", "eval_every": 10, "eval_tokens": 256, "checkpoint_every": 4, "seed": 7,
    "optimizer": {"kind": "muon", "muon_lr": 0.02},
}  # fmt: skip
RUNTIME: dict[str, Any] = {"device": "cpu", "threads": 1, "log_every": 1, "compile": False, "progress": False}


def write_tiny_shards(folder: Path, *, tokens: int = 6000, late: int = 0) -> Path:
    """Documents in which each token follows from the one before by a fixed random table, with some noise.

    `late`: tokens of a second training split, `train-late`.
    """
    random = np.random.default_rng(0)
    table = random.integers(4, VOCAB, size=VOCAB)

    def documents(budget: int) -> Iterator[NDArray[Any]]:
        while budget > 0:
            length = int(random.integers(5, 60))
            ids = random.integers(4, VOCAB, size=length)
            for place in range(1, length):
                if random.random() < 0.9:
                    ids[place] = table[ids[place - 1]]
            yield ids
            budget -= length + 1

    budgets = {"train": tokens, "holdout-code": 600, "holdout-science": 300} | ({"train-late": late} if late else {})
    splits = {split: documents(budget) for split, budget in budgets.items()}
    return write_token_shards(folder, splits, np.full(VOCAB, 3))


def write_stage(folder: Path, shards: Path, **changes: Any) -> Path:
    """A stage folder; `stage=`, `model=` and `runtime=` change fields, anything else is set as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    stage_file = {
        "model": MODEL | changes.pop("model", {}),
        "stage": STAGE | changes.pop("stage", {}),
        "runtime": RUNTIME | changes.pop("runtime", {}),
        "shards": str(shards),
        **changes,
    }
    (folder / "stage.json").write_text(json.dumps(stage_file), "utf-8")
    return folder
