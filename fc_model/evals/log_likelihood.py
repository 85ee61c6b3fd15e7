"""Log-likelihoods of texts that go on behind prompts, as lm-evaluation-harness 0.4.13 asks for them.

The tokens of a continuation are those of prompt and continuation together, behind as many as the prompt has alone
(`TemplateLM._encode_pair`). Where both are longer than the context, tokens go from the left, BOS first
(`HFLM._loglikelihood_tokens`).

A prompt is computed once for all of its continuations, which go on behind its keys and values.

Shapes: G prompts, R continuations, P tokens of a prompt, C tokens of a continuation, D hidden size, N tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from fc_model.errors import UserError
from fc_model.evals.bits_per_byte import BATCH_TOKENS
from fc_model.model.decoder import Decoder
from fc_model.model.kv_cache import KVCache
from fc_model.model.loss import CHUNK_LOGITS
from fc_model.special_tokens import PAD, SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer
from fc_model.vision.examples import padded

_PAD_ID = SPECIAL_TOKENS.index(PAD)
_BATCH_TOKENS_ELSEWHERE = 32_768


@dataclass(frozen=True, kw_only=True)
class Request:
    """A continuation behind a prompt, as token ids that fit into the context together."""

    prompt: tuple[int, ...]
    continuation: tuple[int, ...]
    truncated: int = 0
    """Tokens that the prompt lost at its left."""


def encode_request(tokenizer: Tokenizer, prompt: str, continuation: str, *, context_length: int, where: str) -> Request:
    """The tokens of a prompt, which begins a document, and of what goes on behind it.

    White space at the prompt's end belongs to the continuation, which is not empty. Raises UserError, beginning with
    `where`, for a continuation that alone is longer than the context.
    """
    stripped = prompt.rstrip()
    continuation, prompt = prompt[len(stripped) :] + continuation, stripped
    before = [tokenizer.bos_id, *tokenizer.encode(prompt)]
    ids = [tokenizer.bos_id, *tokenizer.encode(prompt + continuation)][len(before) :]
    if not ids:  # pieces span the place where the two meet; the harness stops there
        ids = tokenizer.encode(continuation)
    if len(ids) > context_length:
        raise UserError(
            f"{where}: a choice has {len(ids)} tokens, more than the model's context_length ({context_length}): "
            "leave the item out"
        )
    truncated = max(0, len(before) + len(ids) - context_length - 1)
    return Request(prompt=tuple(before[truncated:]), continuation=tuple(ids), truncated=truncated)


def batch_tokens(device: torch.device) -> int:
    """Padded tokens of one forward pass."""
    return BATCH_TOKENS.get(device.type, _BATCH_TOKENS_ELSEWHERE)


@torch.inference_mode()
def log_likelihoods(
    model: Decoder,
    requests: Sequence[Request],
    *,
    dtype: torch.dtype | None = None,
    report: Callable[[int], None] = lambda done: None,
) -> list[float]:
    """The natural logarithm of each continuation's probability, in the order of the requests.

    Equal requests are computed once, so they get equal numbers.

    Args:
        dtype: type of autocast; None for plain fp32.
        report: receives how many prompts are done.
    """
    device = model.head_VD.device
    by_prompt: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
    for request in requests:
        by_prompt.setdefault(request.prompt, set()).add(request.continuation)
    known: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
    done = 0
    with torch.autocast(device.type, dtype, enabled=dtype is not None):
        for batch in _batches(by_prompt, max_tokens=batch_tokens(device)):
            for (prompt, continuations), values in zip(batch, _score(model, batch), strict=True):
                known |= {(prompt, ids): value for ids, value in zip(continuations, values, strict=True)}
            done += len(batch)
            report(done)
    return [known[request.prompt, request.continuation] for request in requests]


_Group = tuple[tuple[int, ...], list[tuple[int, ...]]]
"""A prompt and its continuations."""


def _batches(by_prompt: dict[tuple[int, ...], set[tuple[int, ...]]], *, max_tokens: int) -> Iterator[list[_Group]]:
    """Prompts of about equal lengths, the longest first, with at most `max_tokens` padded tokens, at least one prompt.

    The order depends on the prompts alone, so memory is highest at the start.
    """
    groups = [(prompt, sorted(continuations)) for prompt, continuations in by_prompt.items()]
    groups.sort(key=lambda group: (-len(group[0]), group))
    batch: list[_Group] = []
    rows = longest = 0
    for group in groups:
        rows, longest = rows + len(group[1]), max(longest, *map(len, group[1]))
        if batch and (len(batch) + 1) * len(batch[0][0]) + rows * longest > max_tokens:
            yield batch
            batch, rows, longest = [], len(group[1]), max(map(len, group[1]))
        batch.append(group)
    if batch:
        yield batch


def _score(model: Decoder, batch: list[_Group]) -> list[list[float]]:
    """Log-likelihoods of each prompt's continuations."""
    device = model.head_VD.device
    prompts_GP, lengths_G = _padded([prompt for prompt, _ in batch], device)
    continuations_RC, lengths_R = _padded([ids for _, continuations in batch for ids in continuations], device)
    times_G = torch.tensor([len(continuations) for _, continuations in batch], device=device)
    most = continuations_RC.shape[1] - 1  # nothing follows the last token
    cache = KVCache(model.config, batch=len(batch), length=prompts_GP.shape[1] + most, device=device)
    hidden_GPD = model.hidden_of(model.embed_tokens(prompts_GP), cache=cache, lengths_B=lengths_G)
    last_GD = hidden_GPD[torch.arange(len(batch), device=device), lengths_G - 1]
    hidden_RCD = last_GD.repeat_interleave(times_G, dim=0).unsqueeze(1)
    if most:
        cache.repeat(times_G)
        fed_RC = continuations_RC[:, :-1]
        later_RCD = model.hidden_of(model.embed_tokens(fed_RC), cache=cache, lengths_B=(lengths_R - 1).clamp(min=1))
        hidden_RCD = torch.cat([hidden_RCD, later_RCD], dim=1)
    counts_RC = torch.arange(continuations_RC.shape[1], device=device) < lengths_R.unsqueeze(1)
    nats_N = _nats(hidden_RCD[counts_RC], model.head_VD, continuations_RC[counts_RC]).double().cpu()
    sums = [-math.fsum(part.tolist()) for part in nats_N.split(lengths_R.tolist())]
    values = iter(sums)
    return [[next(values) for _ in continuations] for _, continuations in batch]


def _nats(hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor) -> Tensor:
    """-log softmax(hidden head^T)[target] in fp32, a chunk at a time so that not all logits are held."""
    chunk = max(1, CHUNK_LOGITS // head_VD.shape[0])
    parts = [
        F.cross_entropy(F.linear(hidden_CD, head_VD).float(), targets_C, reduction="none")
        for hidden_CD, targets_C in zip(hidden_ND.split(chunk), targets_N.split(chunk), strict=True)
    ]
    return torch.cat(parts)


def _padded(rows: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Rows padded at their right, and their lengths."""
    lengths = [len(row) for row in rows]
    return padded(rows, max(lengths), _PAD_ID).to(device), torch.tensor(lengths, device=device)
