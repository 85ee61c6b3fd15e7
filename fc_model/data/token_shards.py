"""Reads packed token shards through memory maps.

A split is one long row of tokens in which every document ends with EOS. A training window is a stretch of
`seq_len + 1` tokens that begins at a multiple of `seq_len`, so that each token is a target once an epoch. Which
windows a step sees is a pure function of (step, batch size, length, seed): a run resumes by its step number, and
the number of workers changes nothing.

Shapes: B windows of a batch, T = seq_len, T1 = seq_len + 1.
"""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fc_model.data.token_shard_writer import INDEX_SCHEMA
from fc_model.errors import UserError

if TYPE_CHECKING:
    import torch

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, the increment of SplitMix64


class Windows(NamedTuple):
    """Windows of training, as torch tensors."""

    ids_BT1: "torch.Tensor"  # int64
    document_BT1: "torch.Tensor"  # int32; equal where two tokens of a window share a document
    trained_BT1: "torch.Tensor | None"  # bool; False where a target is not trained on; None: all are


class EvalBatch(NamedTuple):
    """Consecutive windows for evaluation, as torch tensors."""

    ids_BT1: "torch.Tensor"  # int64; targets are [:, 1:]
    document_BT1: "torch.Tensor"  # int32; equal where two tokens share a document, -1 outside the split
    scored_BT: "torch.Tensor"  # bool; False where the target is not trained on, or padding after the split's end
    num_bytes: int  # bytes of text that the scored targets stand for


class Shards:
    """One split of a shards artifact.

    Args:
        folder: the artifact's folder.
        split: `train` or `holdout-<domain>`; `list_splits(folder)` has the names.
        tokenizer_fingerprint: when given, the fingerprint that the shards must have been made with.

    Raises:
        UserError: the index, the split or a file is missing, a file's size differs from the index, or the shards
            were made with another tokenizer.
    """

    def __init__(self, folder: Path, split: str = "train", *, tokenizer_fingerprint: str | None = None) -> None:
        self.folder = Path(folder)
        self.split = split
        self.index = read_index(self.folder)
        if split not in self.index["splits"]:
            names = ", ".join(self.index["splits"])
            raise UserError(f"{self.folder}: no split {split!r}; it has {names}")
        if tokenizer_fingerprint is not None and tokenizer_fingerprint != self.index["tokenizer"]:
            raise UserError(
                f"{self.folder}: made with tokenizer {self.index['tokenizer'][:16]}, but {tokenizer_fingerprint[:16]}"
                " is in use; pack the shards again with it"
            )
        summary = self.index["splits"][split]
        self.vocab_size: int = self.index["vocab_size"]
        self.eos_id: int = self.index["eos_id"]
        self.tokenizer_fingerprint: str = self.index["tokenizer"]
        self.num_tokens: int = summary["tokens"]
        self.num_bytes: int = summary["bytes"]
        self.num_documents: int = summary["documents"]
        self.masked: bool = "trained" in summary
        self.num_trained: int = summary.get("trained", self.num_tokens)
        self.packed_for: int | None = summary.get("packed_for")
        """Targets of the windows that hold whole documents; None where documents run on over the windows."""
        self.domains: dict[str, dict[str, int]] = summary["domains"]
        self._dtype = np.dtype(self.index["dtype"]).newbyteorder("<")
        self._names = [shard["name"] for shard in summary["shards"]]
        self._check_files(summary["shards"])
        self._tokens = [np.memmap(self.folder / f"{name}.bin", dtype=self._dtype, mode="r") for name in self._names]
        masks = self._names if self.masked else []
        self._masks = [np.memmap(self.folder / f"{name}.mask", dtype=np.uint8, mode="r") for name in masks]
        # First token of each file, and the end of the last: shape (number of files + 1,).
        self._bounds = np.cumsum([0] + [len(tokens) for tokens in self._tokens])

    def __reduce__(self) -> tuple[Any, ...]:
        """Other processes map the files themselves: a pickled map is a copy of its bytes."""
        return type(self), (self.folder, self.split)

    @cached_property
    def token_bytes(self) -> NDArray[np.int64]:
        """Bytes of text that each token id stands for, shape (vocab_size,)."""
        return np.fromfile(self.folder / "token_bytes.bin", dtype="<u2").astype(np.int64)

    @cached_property
    def document_starts(self) -> NDArray[np.int64]:
        """First token of each document of the split, ascending, shape (num_documents,)."""
        return self._documents[:, 0]

    @cached_property
    def document_rows(self) -> NDArray[np.int64]:
        """Row in `documents.jsonl.zst` of each document of the split, shape (num_documents,)."""
        return self._documents[:, 1]

    def num_windows(self, seq_len: int) -> int:
        """Training windows in one epoch. Raises UserError when the split is shorter than one window."""
        windows = (self.num_tokens - 1) // seq_len
        if windows < 1:
            raise UserError(
                f"{self.folder}: split {self.split!r} has {self.num_tokens:,} tokens, less than one window of "
                f"{seq_len + 1}; lower seq_len or raise the token budget"
            )
        return windows

    def window_ids(self, step: int, batch_size: int, seq_len: int, seed: int) -> NDArray[np.int64]:
        """Indices of the windows of a training step, shape (B,): every window once an epoch, in a seeded order."""
        num_windows = self.num_windows(seq_len)
        samples = np.arange(step * batch_size, (step + 1) * batch_size, dtype=np.int64)
        epochs, positions = samples // num_windows, samples % num_windows
        windows = np.empty_like(samples)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            windows[chosen] = permute(positions[chosen], size=num_windows, seed=seed, stream=int(epoch))
        return windows

    def window(self, index: int, seq_len: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Tokens and document ordinals of one training window, both of shape (T1,)."""
        num_windows = self.num_windows(seq_len)
        if not 0 <= index < num_windows:
            raise UserError(f"{self.folder}: window {index} of {num_windows} in split {self.split!r} does not exist")
        start = index * seq_len
        return self.tokens(start, start + seq_len + 1), self._ordinals(start, start + seq_len + 1)

    def batch(self, step: int, batch_size: int, seq_len: int, seed: int) -> Windows:
        """The windows of a training step."""
        import torch

        chosen = self.window_ids(step, batch_size, seq_len, seed).tolist()
        windows = [self.window(index, seq_len) for index in chosen]
        ids_BT1 = np.stack([ids for ids, _ in windows])
        document_BT1 = np.stack([documents for _, documents in windows])
        trained_BT1 = None
        if self.masked:
            starts = (index * seq_len for index in chosen)
            trained_BT1 = torch.from_numpy(np.stack([self.trained(start, start + seq_len + 1) for start in starts]))
        return Windows(torch.from_numpy(ids_BT1), torch.from_numpy(document_BT1), trained_BT1)

    def windows_sequential(self, seq_len: int, batch_size: int = 1) -> Iterator[EvalBatch]:
        """All tokens of the split in order, each a target exactly once; of a masked split the trained ones are scored.

        The first target's input is an EOS put before the split, as every other document follows one; the last
        batch is filled up with EOS that is not scored. Packed windows have an input of their own before the first
        target, and come as they are packed.
        """
        import torch

        stride = seq_len * batch_size
        for start in range(0 if self.packed_for is None else 1, self.num_tokens, stride):
            stop = min(start + stride, self.num_tokens)
            ids = np.full(stride + 1, self.eos_id, dtype=np.int64)
            documents = np.full(stride + 1, -1, dtype=np.int32)
            lead = 1 if start == 0 else 0  # place 0 holds the token before `start`, which the first batch lacks
            ids[lead : stop - start + 1] = self.tokens(start - 1 + lead, stop)
            documents[lead : stop - start + 1] = self._ordinals(start - 1 + lead, stop)
            scored = np.zeros(stride + 1, dtype=bool)
            scored[1 : stop - start + 1] = self.trained(start, stop) if self.masked else True
            places_BT1 = np.arange(batch_size)[:, None] * seq_len + np.arange(seq_len + 1)
            yield EvalBatch(
                ids_BT1=torch.from_numpy(ids[places_BT1]),
                document_BT1=torch.from_numpy(documents[places_BT1]),
                scored_BT=torch.from_numpy(scored[places_BT1[:, 1:]]),
                num_bytes=int(self.token_bytes[ids[scored]].sum()),
            )

    def tokens(self, start: int, stop: int) -> NDArray[np.int64]:
        """Tokens [start, stop) of the split, across files. Raises UserError on an id outside the vocabulary."""
        ids = self._stretch(self._tokens, start, stop).astype(np.int64)
        if ids.max(initial=0) >= self.vocab_size:
            place = start + int(np.argmax(ids >= self.vocab_size))
            raise UserError(
                f"{self.folder / self._name_at(place)}.bin: token id {ids[place - start]} at position {place} of split "
                f"{self.split!r}, but the vocabulary has {self.vocab_size}; the file is damaged, build it again"
            )
        return ids

    def trained(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Which of the tokens [start, stop) of a masked split are trained on. Raises UserError on a damaged mask."""
        mask = self._stretch(self._masks, start, stop)
        if mask.max(initial=0) > 1:
            place = start + int(np.argmax(mask > 1))
            raise UserError(
                f"{self.folder / self._name_at(place)}.mask: {mask[place - start]} at position {place} of split "
                f"{self.split!r}, but a mask is 0 or 1; the file is damaged, build it again"
            )
        return mask.astype(bool)

    def locate(self, position: int) -> tuple[int, int]:
        """Row in `documents.jsonl.zst` of the document that holds a token, and the token's place in it."""
        if not 0 <= position < self.num_tokens:
            raise UserError(
                f"{self.folder}: split {self.split!r} has tokens 0 to {self.num_tokens - 1}, none at {position}"
            )
        ordinal = int(np.searchsorted(self.document_starts, position, side="right")) - 1
        return int(self.document_rows[ordinal]), position - int(self.document_starts[ordinal])

    def document_span(self, ordinal: int) -> tuple[int, int]:
        """First token and end of the split's `ordinal`-th document."""
        starts = self.document_starts
        stop = int(starts[ordinal + 1]) if ordinal + 1 < len(starts) else self.num_tokens
        return int(starts[ordinal]), stop

    @cached_property
    def _documents(self) -> NDArray[np.int64]:
        """(first token in the split, row) of each document, shape (num_documents, 2)."""
        parts = []
        for name, offset in zip(self._names, self._bounds[:-1], strict=True):
            pairs = np.fromfile(self.folder / f"{name}.idx", dtype="<i8").reshape(-1, 2)
            parts.append(pairs + np.array([offset, 0]))
        # Fortran order keeps each column contiguous, which searchsorted needs to avoid a copy a call.
        return np.asfortranarray(np.concatenate(parts)) if parts else np.empty((0, 2), dtype=np.int64)

    def _stretch(self, files: list[Any], start: int, stop: int) -> NDArray[Any]:
        """Entries [start, stop) of the split, across files."""
        first = int(np.searchsorted(self._bounds, start, side="right")) - 1
        parts = []
        for number in range(first, len(files)):
            offset = self._bounds[number]
            if offset >= stop:
                break
            parts.append(files[number][max(start - offset, 0) : stop - offset])
        return np.concatenate(parts)

    def _name_at(self, position: int) -> str:
        """Name of the file that holds a token."""
        return str(self._names[int(np.searchsorted(self._bounds, position, side="right")) - 1])

    def _ordinals(self, start: int, stop: int) -> NDArray[np.int32]:
        """Which document of the split each token of [start, stop) belongs to, shape (stop - start,)."""
        starts = self.document_starts
        first, last = np.searchsorted(starts, [start, stop - 1], side="right") - 1
        steps = np.zeros(stop - start, dtype=np.int32)
        steps[0] = first
        steps[starts[first + 1 : last + 1] - start] = 1
        return np.cumsum(steps, dtype=np.int32)

    def _check_files(self, shards: list[dict[str, Any]]) -> None:
        sizes = {"token_bytes.bin": 2 * self.vocab_size}
        for shard in shards:
            sizes[f"{shard['name']}.bin"] = shard["tokens"] * self._dtype.itemsize
            sizes[f"{shard['name']}.idx"] = shard["documents"] * 16
            if self.masked:
                sizes[f"{shard['name']}.mask"] = shard["tokens"]
        missing = [name for name in sizes if not (self.folder / name).is_file()]
        if missing:
            raise UserError(f"{self.folder}: missing {', '.join(missing)}; build the shards again")
        for name, size in sizes.items():
            present = (self.folder / name).stat().st_size
            if present != size:
                raise UserError(
                    f"{self.folder / name}: {present:,} bytes, but index.json says {size:,}; the file is damaged, "
                    "build the shards again"
                )


def read_index(folder: Path) -> dict[str, Any]:
    """The contents of `index.json`. Raises UserError when it is missing or of another schema."""
    path = Path(folder) / "index.json"
    if not path.is_file():
        raise UserError(f"{path}: missing; {folder} is no shards artifact, or is not whole")
    index: dict[str, Any] = json.loads(path.read_text())
    if index["schema"] != INDEX_SCHEMA:
        raise UserError(f"{path}: schema {index['schema']}, but this version reads {INDEX_SCHEMA}; build it again")
    return index


def list_splits(folder: Path) -> list[str]:
    """Names of the splits of a shards artifact, sorted."""
    return sorted(read_index(folder)["splits"])


def permute(positions: NDArray[np.int64], *, size: int, seed: int, stream: int) -> NDArray[np.int64]:
    """Images of positions under a seeded permutation of range(size), without building it.

    A balanced Feistel network on the next even power of two, walked until the image falls inside the range
    (format-preserving encryption by cycle walking, Black and Rogaway 2002). Eight rounds of SplitMix64 mixing:
    not a cipher, but no order that training could notice.

    Args:
        positions: each in range(size).
        stream: picks one of many independent permutations of a seed, such as the epoch.
    """
    half_bits = np.uint64(max(1, (max(size - 1, 1).bit_length() + 1) // 2))
    mask = np.uint64((1 << int(half_bits)) - 1)
    keys = np.random.SeedSequence([seed, stream]).generate_state(8, dtype=np.uint64)

    def encrypt(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
        left, right = values >> half_bits, values & mask
        for key in keys:
            left, right = right, left ^ (_mix(right ^ key) & mask)
        return (left << half_bits) | right

    images = encrypt(positions.astype(np.uint64))
    while (outside := images >= size).any():
        images[outside] = encrypt(images[outside])
    return images.astype(np.int64)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finalizer of SplitMix64 (Steele, Lea and Flood 2014), modulo 2^64."""
    values = values + _MIX
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
