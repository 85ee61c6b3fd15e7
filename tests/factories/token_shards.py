"""Packed token shards of documents that a test makes up."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fc_model.data.token_shard_writer import SplitWriter, write_index

BOS, EOS = 1, 2
FIRST_ROW = 100
"""Row of the first document of a split, so that rows are no ordinals."""


def write_token_shards(
    folder: Path,
    splits: Mapping[str, Iterable[NDArray[Any]]],
    token_bytes: NDArray[Any],
    *,
    shard_tokens: int = 2000,
    tokenizer: str = "f" * 64,
    masks: Mapping[str, Sequence[NDArray[Any]]] | None = None,
    packed_for: int | None = None,
) -> Path:
    """Shards of documents' token ids by split, EOS appended.

    Args:
        token_bytes: bytes that each id stands for, shape (vocabulary,); those of EOS are none.
        masks: which ids of each document are trained on, by split; EOS never is.
        packed_for: targets of the windows that the documents fill; the first begins with BOS.
    """
    masks = masks or {}
    folder.mkdir(parents=True, exist_ok=True)
    token_bytes = np.where(np.arange(len(token_bytes)) == EOS, 0, token_bytes)

    def open_file(name: str) -> AbstractContextManager[BinaryIO]:
        return (folder / name).open("wb")

    summaries = {}
    for split, documents in splits.items():
        vocab_size, masked = len(token_bytes), split in masks
        with SplitWriter(open_file, split, vocab_size=vocab_size, shard_tokens=shard_tokens, masked=masked) as writer:
            for row, ids in enumerate(documents):
                mask = masks[split][row] if masked else np.ones(len(ids), dtype=bool)
                if packed_for and row == 0:
                    ids, mask = np.append(BOS, ids), np.append(False, mask)
                writer.add(
                    np.append(ids, EOS),
                    row=FIRST_ROW + row,
                    domain=split.removeprefix("holdout-"),
                    num_bytes=int(token_bytes[ids[mask]].sum()),
                    trained=np.append(mask, False) if masked else None,
                )
        summaries[split] = writer.summary() | ({"packed_for": packed_for} if packed_for else {})
    write_index(open_file, splits=summaries, token_bytes=token_bytes, tokenizer_fingerprint=tokenizer, eos_id=EOS)
    return folder
