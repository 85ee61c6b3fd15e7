"""Writes packed token shards: the other half of `fc_model/data/token_shards.py`.

For every split: `<split>-<n>.bin` with token ids, `<split>-<n>.idx` with the documents in them, and where only some
tokens are trained on, `<split>-<n>.mask` with a byte a token, 1 for these; for all splits `token_bytes.bin` and
`index.json`. A document never spans two files, so each group of files can be read alone.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

INDEX_SCHEMA = 1

# Opens a file of the artifact for writing by its name: `ArtifactWriter.open`, or plain `open` in tests.
OpenFile = Callable[[str], AbstractContextManager[BinaryIO]]


def token_dtype(vocab_size: int) -> np.dtype[Any]:
    """The little-endian integer type that holds every id of the vocabulary: uint16 up to 65,536 ids, else uint32."""
    return np.dtype("<u2") if vocab_size <= 65_536 else np.dtype("<u4")


class SplitWriter:
    """Writes the documents of one split into files of about `shard_tokens` tokens.

    Use as a context manager; `summary` is the split's entry in `index.json` once it has closed. Of a `masked` split
    only the tokens are trained on that `add` marks.
    """

    def __init__(
        self, open_file: OpenFile, split: str, *, vocab_size: int, shard_tokens: int, masked: bool = False
    ) -> None:
        self._open_file = open_file
        self._split = split
        self._dtype = token_dtype(vocab_size)
        self._shard_tokens = shard_tokens
        self._masked = masked
        self._shards: list[dict[str, Any]] = []
        self._documents: list[tuple[int, int]] = []
        self._tokens = 0
        self._stack = ExitStack()  # closes the file that is written
        self._file: BinaryIO | None = None
        self._mask_file: BinaryIO | None = None
        self._totals: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(
        self,
        ids: NDArray[np.integer[Any]],
        *,
        row: int,
        domain: str,
        num_bytes: int,
        trained: NDArray[np.bool_] | None = None,
    ) -> None:
        """Appends one document.

        Args:
            ids: its tokens, shape (length,), the last one EOS.
            row: its row in `documents.jsonl.zst`.
            domain: counted in the split's summary.
            num_bytes: UTF-8 bytes of its text; of a masked split, of the text that is trained on.
            trained: which tokens are trained on, shape (length,); of a masked split, and only there.

        Raises:
            ValueError: `trained` is absent, not wanted, or of another length than `ids`.
        """
        if (trained is not None) != self._masked or (trained is not None and len(trained) != len(ids)):
            raise ValueError(f"split {self._split}: {len(ids)} ids need {len(ids) if self._masked else 'no'} `trained`")
        if self._file is None:
            self._file = self._stack.enter_context(self._open_file(f"{self._shard_name()}.bin"))
        self._file.write(np.ascontiguousarray(ids, dtype=self._dtype).tobytes())
        self._documents.append((self._tokens, row))
        self._tokens += len(ids)
        self._totals[domain].update(tokens=len(ids), bytes=num_bytes, documents=1)
        if trained is not None:
            if self._mask_file is None:
                self._mask_file = self._stack.enter_context(self._open_file(f"{self._shard_name()}.mask"))
            self._mask_file.write(np.ascontiguousarray(trained, dtype=np.uint8).tobytes())
            self._totals[domain].update(trained=int(np.count_nonzero(trained)))
        if self._tokens >= self._shard_tokens:
            self._close_shard()

    def summary(self) -> dict[str, Any]:
        """Counts of the split and of each domain, and the list of its files."""
        domains = {name: dict(self._totals[name]) for name in sorted(self._totals)}
        units = ("tokens", "bytes", "documents", *(["trained"] if self._masked else []))
        totals = {unit: sum(domain[unit] for domain in domains.values()) for unit in units}
        return totals | {"domains": domains, "shards": self._shards}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._close_shard()
        else:
            self._stack.__exit__(kind, error, trace)

    def _shard_name(self) -> str:
        return f"{self._split}-{len(self._shards):05d}"

    def _close_shard(self) -> None:
        if self._file is None:
            return
        self._stack.close()
        name = self._shard_name()
        with self._open_file(f"{name}.idx") as file:
            file.write(np.array(self._documents, dtype="<i8").tobytes())
        self._shards.append({"name": name, "tokens": self._tokens, "documents": len(self._documents)})
        self._documents, self._tokens = [], 0
        self._file = self._mask_file = None


def write_index(
    open_file: OpenFile,
    *,
    splits: Mapping[str, Mapping[str, Any]],
    token_bytes: NDArray[np.integer[Any]],
    tokenizer_fingerprint: str,
    eos_id: int,
) -> None:
    """Writes `index.json` and `token_bytes.bin`; call it last.

    Args:
        splits: `SplitWriter.summary()` by name of split.
        token_bytes: bytes of text that each token stands for, shape (vocab_size,); 0 for special tokens.
        tokenizer_fingerprint: `Tokenizer.fingerprint`.
        eos_id: the token that ends every document.
    """
    with open_file("token_bytes.bin") as file:
        file.write(np.ascontiguousarray(token_bytes, dtype="<u2").tobytes())
    index = {
        "schema": INDEX_SCHEMA,
        "dtype": token_dtype(len(token_bytes)).name,
        "vocab_size": len(token_bytes),
        "eos_id": eos_id,
        "tokenizer": tokenizer_fingerprint,
        "splits": {name: dict(splits[name]) for name in sorted(splits)},
    }
    with open_file("index.json") as file:
        file.write((json.dumps(index, indent=1) + "\n").encode())
