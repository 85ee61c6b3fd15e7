"""A stage of kind sft, and conversations whose replies can be learnt."""

from pathlib import Path
from typing import Any

import numpy as np

from factories.text_stage import VOCAB
from factories.token_shards import write_token_shards

SEQ_LEN = 32
SFT: dict[str, Any] = {"kind": "sft", "name": "talk", "seq_len": SEQ_LEN, "batch_tokens": 4 * SEQ_LEN, "steps": 12}


def write_talk(folder: Path, *, windows: int = 40, noise: int = 0) -> Path:
    """One conversation a window: a prompt of random ids that `noise` draws anew, and a reply that counts up."""
    prompts, replies = np.random.default_rng(noise), np.random.default_rng(0)
    half = (SEQ_LEN - 1) // 2
    conversations, masks = [], []
    for _ in range(windows):
        prompt, first = prompts.integers(4, VOCAB, size=half), int(replies.integers(4, VOCAB))
        reply = (first + np.arange(SEQ_LEN - 1 - half)) % (VOCAB - 4) + 4
        conversations.append(np.concatenate([prompt, reply]))
        masks.append(np.arange(SEQ_LEN - 1) >= half)
    splits = {"train-talk": conversations, "holdout-talk": conversations[:8]}
    return write_token_shards(folder, splits, np.full(VOCAB, 3), masks=dict.fromkeys(splits, masks), packed_for=SEQ_LEN)
