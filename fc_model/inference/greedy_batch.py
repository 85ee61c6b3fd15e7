"""The likeliest texts behind many prompts at once, or texts that are drawn.

Shapes: B rows, T tokens of a row, D hidden size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from fc_model.errors import UserError
from fc_model.inference.generate import Sampler
from fc_model.model.decoder import Decoder
from fc_model.model.kv_cache import KVCache
from fc_model.special_tokens import PAD, SPECIAL_TOKENS
from fc_model.vision.examples import padded

_PAD_ID = SPECIAL_TOKENS.index(PAD)


@torch.inference_mode()
def greedy_batch(
    model: Decoder,
    prompts: Sequence[Sequence[int]],
    *,
    max_tokens: int,
    is_complete: Callable[[list[int]], bool],
    forbidden: Collection[int] = (),
) -> list[list[int]]:
    """The new tokens of each prompt, one batch.

    Args:
        prompts: token ids, each at least one.
        max_tokens: new tokens of a prompt at most.
        is_complete: whether nothing more is wanted behind these new tokens; the last of them is kept.
        forbidden: ids that are never produced.

    Raises:
        UserError: a prompt and `max_tokens` are longer than the model's context.
    """
    return _batch(model, prompts, None, max_tokens=max_tokens, is_complete=is_complete, forbidden=forbidden)


@torch.inference_mode()
def sampled_batch(
    model: Decoder,
    prompts: Sequence[Sequence[int]],
    samplers: Sequence[Sampler],
    *,
    max_tokens: int,
    is_complete: Callable[[list[int]], bool],
) -> list[list[int]]:
    """As `greedy_batch`, but each prompt's tokens are drawn by its own sampler, whatever the others draw.

    The logits of a row may differ in their last bits with the batch that it is in, as sums of floats do.
    """
    return _batch(model, prompts, samplers, max_tokens=max_tokens, is_complete=is_complete)


def _batch(
    model: Decoder,
    prompts: Sequence[Sequence[int]],
    samplers: Sequence[Sampler] | None,
    *,
    max_tokens: int,
    is_complete: Callable[[list[int]], bool],
    forbidden: Collection[int] = (),
) -> list[list[int]]:
    longest, room = max(map(len, prompts)), model.config.context_length
    if longest + max_tokens > room:
        raise UserError(
            f"a prompt of {longest} tokens and {max_tokens} new ones are more than the model's context_length "
            f"({room}): shorten the prompt"
        )
    device = model.head_VD.device
    lengths_B = torch.tensor([len(prompt) for prompt in prompts], device=device)
    x_BTD = model.eval().embed_tokens(padded(prompts, longest, _PAD_ID).to(device))
    limits = [max_tokens] * len(prompts)
    return extend(model, x_BTD, lengths_B, limits, forbidden=forbidden, is_complete=is_complete, samplers=samplers)


def extend(
    model: Decoder,
    x_BTD: Tensor,
    lengths_B: Tensor,
    limits: Sequence[int],
    *,
    forbidden: Collection[int] = (),
    stop: Collection[int] = (),
    is_complete: Callable[[list[int]], bool] | None = None,
    samplers: Sequence[Sampler] | None = None,
) -> list[list[int]]:
    """The tokens behind each row: the likeliest, or those that its sampler draws.

    Args:
        x_BTD: embeddings, padded.
        lengths_B: those of a row that count.
        limits: most new tokens of each row; with its length within the model's context.
        forbidden: ids that are never produced.
        stop: ids that end a row and are not kept.
        is_complete: whether nothing more is wanted behind these new tokens; the last of them is kept.
    """
    device, barred = x_BTD.device, sorted(forbidden)
    cache = KVCache(model.config, batch=len(x_BTD), length=x_BTD.shape[1] + max(limits), device=device)
    hidden_BTD = model.hidden_of(x_BTD, cache=cache, lengths_B=lengths_B)
    last_BD = hidden_BTD[torch.arange(len(x_BTD), device=device), lengths_B - 1]
    texts: list[list[int]] = [[] for _ in limits]
    rows = list(range(len(limits)))
    while True:
        logits_BV = F.linear(last_BD, model.head_VD)
        logits_BV[:, barred] = -torch.inf
        going = []
        for place, token in enumerate(
            _next_tokens(logits_BV, None if samplers is None else [samplers[row] for row in rows])
        ):
            text, limit = texts[rows[place]], limits[rows[place]]
            if len(text) < limit and token not in stop:
                text.append(token)
                if len(text) < limit and not (is_complete is not None and is_complete(text)):
                    going.append(place)
        if not going:
            return texts
        if len(going) < len(rows):
            rows = [rows[place] for place in going]
            cache.select(torch.tensor(going, device=device))
        drawn_B = torch.tensor([texts[row][-1] for row in rows], device=device)
        last_BD = model.hidden_of(model.embed_tokens(drawn_B).unsqueeze(1), cache=cache)[:, -1]


def _next_tokens(logits_BV: Tensor, samplers: Sequence[Sampler] | None) -> list[int]:
    if samplers is None:
        likeliest: list[int] = logits_BV.argmax(dim=-1).tolist()
        return likeliest
    rows = logits_BV.float().cpu().numpy()
    return [sampler.draw(logits) for sampler, logits in zip(samplers, rows, strict=True)]


def by_length(prompts: Sequence[Sequence[int]], *, max_tokens: int) -> Iterator[list[int]]:
    """Numbers of the prompts in batches of about equal lengths, the longest first; at most `max_tokens`, padded."""
    batch: list[int] = []
    for number in sorted(range(len(prompts)), key=lambda number: (-len(prompts[number]), number)):
        if batch and (len(batch) + 1) * len(prompts[batch[0]]) > max_tokens:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
