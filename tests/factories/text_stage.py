"""Small real shards and stage folders for the tests of training."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from factories import models
from fc_model.data.token_shard_writer import SplitWriter, write_index

EOS = 2
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
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    table = random.integers(4, VOCAB, size=VOCAB)

    def opener(name: str) -> AbstractContextManager[BinaryIO]:
        return (folder / name).open("wb")

    summaries = {}
    for split, budget in (("train", tokens), ("holdout-code", 600), ("holdout-science", 300), ("train-late", late)):
        if not budget:
            continue
        with SplitWriter(opener, split, vocab_size=VOCAB, shard_tokens=2000) as writer:
            row = written = 0
            while written < budget:
                length = int(random.integers(5, 60))
                ids = random.integers(4, VOCAB, size=length)
                for place in range(1, length):
                    if random.random() < 0.9:
                        ids[place] = table[ids[place - 1]]
                writer.add(np.append(ids, EOS), row=row, domain=split.removeprefix("holdout-"), num_bytes=3 * length)
                row, written = row + 1, written + length + 1
        summaries[split] = writer.summary()
    token_bytes = np.full(VOCAB, 3)
    token_bytes[:4] = 0
    write_index(opener, splits=summaries, token_bytes=token_bytes, tokenizer_fingerprint="tiny", eos_id=EOS)
    return folder


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
