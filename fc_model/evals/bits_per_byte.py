"""Held-out bits per byte: how many bits the model needs for a byte of text that it has not seen.

Unlike perplexity it does not depend on the tokenizer: the cost of all tokens, EOS included, is divided by the
UTF-8 bytes of the documents (EOS stands for none).

A split is one row of documents. Windows of `window` tokens start `stride` tokens apart; the first scores all of
its targets, each later one its last `stride`, so that every token is scored exactly once, and with
`window - stride` tokens or its whole document before it at the least. Attention stays inside the document.

Shapes: B windows, T = window, N scored targets.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fc_model.data.token_shards import Shards
from fc_model.data.windows import Batch, make_batch
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_model.model.loss import next_token_loss

BATCH_TOKENS = {"cpu": 2048}
"""Tokens of one forward pass by kind of device; more does not run faster on a CPU."""

_BATCH_TOKENS_ELSEWHERE = 32_768


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a text of `num_bytes` bytes in `num_tokens` tokens cost."""

    nats: float
    num_tokens: int
    num_bytes: int

    @property
    def bits_per_byte(self) -> float:
        return self.nats / math.log(2) / self.num_bytes

    @property
    def perplexity(self) -> float:
        """exp of the mean cross-entropy of a token; infinite where that overflows."""
        mean = self.nats / self.num_tokens
        return math.exp(mean) if mean < 700 else math.inf

    def __add__(self, other: "Score") -> "Score":
        nats, num_tokens = self.nats + other.nats, self.num_tokens + other.num_tokens
        return Score(nats=nats, num_tokens=num_tokens, num_bytes=self.num_bytes + other.num_bytes)


def score_split(
    model: Decoder,
    shards: Shards,
    *,
    window: int,
    stride: int | None = None,
    max_tokens: int | None = None,
    dtype: torch.dtype | None = None,
) -> Score:
    """Cost of a split, every token of it scored once.

    Args:
        window: tokens that the model sees at once.
        stride: tokens between the starts of two windows; None for `window`, without overlap.
        max_tokens: score only the first documents, as many as fit, at least one; None for all.
        dtype: type of autocast; None for plain fp32.

    Raises:
        UserError: `stride` is not in [1, window], or the split is empty or its tokens don't stand for its bytes.
    """
    stride = stride or window
    if not 1 <= stride <= window:
        raise UserError(f"evals.stride ({stride}) must be between 1 and the window ({window}): lower it")
    num_tokens, num_bytes = extent(shards, max_tokens=max_tokens)
    device = model.head_VD.device
    parts = []
    with torch.inference_mode(), torch.autocast(device.type, dtype, enabled=dtype is not None):
        size = max(1, BATCH_TOKENS.get(device.type, _BATCH_TOKENS_ELSEWHERE) // window)
        for batch, scored_BT in windows(shards, num_tokens=num_tokens, window=window, stride=stride, size=size):
            moved, scored_BT = batch.to(device), scored_BT.to(device)
            total = next_token_loss(
                hidden_ND=model.hidden(moved.ids_BT, moved.document_BT)[scored_BT],
                head_VD=model.head_VD,
                targets_N=moved.targets_BT[scored_BT],
                num_targets=1,
            )
            parts.append(float(total))
    return Score(nats=math.fsum(parts), num_tokens=num_tokens, num_bytes=num_bytes)


def extent(shards: Shards, *, max_tokens: int | None) -> tuple[int, int]:
    """(tokens, bytes) of the split's first documents, as many whole ones as `max_tokens` hold, at least one.

    The bytes are those of the documents' text, counted when they were packed.
    """
    if shards.num_bytes == 0:
        raise UserError(f"{shards.folder}: split {shards.split!r} has no text: take a larger holdout")
    num_tokens = shards.num_tokens
    if max_tokens is not None and max_tokens < num_tokens:
        ends = np.append(shards.document_starts[1:], shards.num_tokens)
        num_tokens = int(ends[max(int(np.searchsorted(ends, max_tokens, side="right")) - 1, 0)])
    counted = int(shards.token_bytes[shards.tokens(0, shards.num_tokens)].sum())
    if counted != shards.num_bytes:
        raise UserError(
            f"{shards.folder}: the documents of split {shards.split!r} have {shards.num_bytes:,} bytes, their tokens "
            f"stand for {counted:,}: pack the shards again"
        )
    return num_tokens, int(shards.token_bytes[shards.tokens(0, num_tokens)].sum())


def windows(shards: Shards, *, num_tokens: int, window: int, stride: int, size: int) -> Iterator[tuple[Batch, Tensor]]:
    """Batches of `size` windows over the first `num_tokens` tokens, and scored_BT, which of their targets count."""
    starts = np.arange(0, max(num_tokens - window, 0) + stride, stride)
    for first in range(0, len(starts), size):
        starts_B = starts[first : first + size]
        # Place p of these arrays holds token `low - 1 + p`: the inputs of the first window begin one before it.
        low, high = int(starts_B[0]), min(int(starts_B[-1]) + window, num_tokens)
        tokens = np.full(int(starts_B[-1]) + window + 1 - low, shards.eos_id, dtype=np.int64)
        documents = np.full(len(tokens), -1, dtype=np.int32)
        known = np.arange(max(low - 1, 0), high)
        inside = slice(int(known[0]) - low + 1, high - low + 1)
        tokens[inside] = shards.tokens(int(known[0]), high)
        documents[inside] = np.searchsorted(shards.document_starts, known, side="right") - 1
        places_BT1 = (starts_B - low)[:, None] + np.arange(window + 1)
        fresh_BT = (np.arange(window) >= window - stride) | (starts_B == 0)[:, None]
        scored_BT = fresh_BT & (places_BT1[:, :-1] + low < num_tokens)
        batch = make_batch(torch.from_numpy(tokens[places_BT1]), torch.from_numpy(documents[places_BT1]))
        yield batch, torch.from_numpy(scored_BT)


def mixed_bits_per_byte(scores: dict[str, Score], weights: dict[str, float]) -> float:
    """Mean of the domains' bits per byte, weighted by `weights`; domains without a score are left out."""
    total = sum(weights.get(domain, 0.0) for domain in scores)
    if total <= 0:
        raise UserError(f"none of the domains {', '.join(sorted(scores))} has a weight in the mix: name one of them")
    return math.fsum(weights.get(domain, 0.0) * score.bits_per_byte for domain, score in scores.items()) / total


def count_tokens(shards: Shards, *, max_tokens: int = 1 << 28, chunk: int = 1 << 22) -> NDArray[np.int64]:
    """How often each token occurs in the split's first `max_tokens` tokens, shape (V,)."""
    counts = np.zeros(shards.vocab_size, dtype=np.int64)
    end = min(shards.num_tokens, max_tokens)
    for start in range(0, end, chunk):
        counts += np.bincount(shards.tokens(start, min(start + chunk, end)), minlength=shards.vocab_size)
    return counts


def unigram_score(counts_V: NDArray[np.int64], shards: Shards, *, max_tokens: int | None = None) -> Score:
    """Cost of a split under the tokens' frequencies in training, with add-one smoothing: no context at all."""
    num_tokens, num_bytes = extent(shards, max_tokens=max_tokens)
    nats_V = math.log(counts_V.sum() + len(counts_V)) - np.log(counts_V + 1.0)
    return Score(nats=float(nats_V[shards.tokens(0, num_tokens)].sum()), num_tokens=num_tokens, num_bytes=num_bytes)
