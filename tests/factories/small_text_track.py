"""A small track of text alone, whose stages are trained and evaluated for real in seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from fc_model.artifacts import Artifact, Store
from fc_pipeline.engine.graph import Graph
from fc_pipeline.track.config import parse_track, resolve_extends
from fc_pipeline.track.graph import build_graph

_STAGE = {"seq_len": 128, "batch_tokens": 1024, "eval_tokens": 2048, "checkpoint_every": 50}
_GAIN = {"milestone": "M2", "artifact": "evals/pretrain_a", "metric": "unigram_gain", "min": 0.1}
_PARITY = {"milestone": "M6", "artifact": "parity", "metric": "huggingface_max_logit_diff", "max": 1.0e-3}
ATTRIBUTES: dict[str, Any] = {
    "extends": "pico",
    "mixture": {"tokens": 60_000},
    "tokenizer": {"vocab_size": 1024, "input_bytes": 400_000},
    "public_tokenizers": [],
    "images": None,
    "vision": None,
    "stages": {
        "overfit": None,
        "pretrain_a": {**_STAGE, "tokens": 20_480, "eval_every": 10, "schedule": {"warmup_steps": 2}},
        "pretrain_b": {**_STAGE, "tokens": 8_192, "eval_every": 8, "schedule": {"warmup_steps": 2}},
        "multimodal_intro": None,
        "multimodal_full": None,
    },
    "evals": {"max_tokens_per_domain": 1000},
    "parity": {"num_prompts": 2, "num_lines": 60},
    "gates": [_GAIN, _PARITY],
}


def small_text_graph(**changes: Any) -> Graph:
    """M2 judges evals/pretrain_a, and pretrain_b waits for it; M6 judges parity, and the report waits for it."""
    return build_graph([parse_track("toy", resolve_extends(ATTRIBUTES | changes))])


def plant(
    store: Store, artifact: Artifact, folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]
) -> None:
    """Put other weights into a committed stage: an artifact that verifies, and holds a bad checkpoint.

    Args:
        folder: an empty one, for files in between.
        change: the tensors of a file of weights by name -> what it holds instead.
    """
    copies = {entry: folder / entry.path for entry in artifact.manifest.files}
    for entry, copy in copies.items():
        if entry.path in ("model.safetensors", "ema.safetensors"):
            save_file(change(load_file(artifact.path(entry.path))), copy)
        else:
            copy.write_bytes(artifact.path(entry.path).read_bytes())
    with store.write(artifact.key, artifact.manifest.recipe, replace=True) as out:
        for entry, copy in copies.items():
            out.adopt(entry.path, copy, content=entry.content)
        out.metrics, out.run, out.licences = artifact.metrics, artifact.manifest.run, artifact.manifest.licences
