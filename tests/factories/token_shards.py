"""Packed token shards of documents that a test makes up."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fc_model.data.token_shard_writer import SplitWriter, write_index

EOS = 2
FIRST_ROW = 100
"""Row of the first document of a split, so that rows are no ordinals."""


def write_token_shards(
    folder: Path,
    splits: Mapping[str, Iterable[NDArray[Any]]],
    token_bytes: NDArray[Any],
    *,
    shard_tokens: int = 2000,
    tokenizer: str = "f" * 64,
) -> Path:
    """Shards of documents' token ids by split, EOS appended.

    token_bytes: bytes that each id stands for, shape (vocabulary,); those of EOS are none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    token_bytes = np.where(np.arange(len(token_bytes)) == EOS, 0, token_bytes)

    def open_file(name: str) -> AbstractContextManager[BinaryIO]:
        return (folder / name).open("wb")

    summaries = {}
    for split, documents in splits.items():
        with SplitWriter(open_file, split, vocab_size=len(token_bytes), shard_tokens=shard_tokens) as writer:
            for row, ids in enumerate(documents, start=FIRST_ROW):
                domain, num_bytes = split.removeprefix("holdout-"), int(token_bytes[ids].sum())
                writer.add(np.append(ids, EOS), row=row, domain=domain, num_bytes=num_bytes)
        summaries[split] = writer.summary()
    write_index(open_file, splits=summaries, token_bytes=token_bytes, tokenizer_fingerprint=tokenizer, eos_id=EOS)
    return folder
