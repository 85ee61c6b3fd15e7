"""The likeliest texts behind many prompts at once.

Shapes: B prompts, L tokens of a prompt, D hidden size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import torch
import torch.nn.functional as F

from fc_model.errors import UserError
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
    longest, room = max(map(len, prompts)), model.config.context_length
    if longest + max_tokens > room:
        raise UserError(
            f"a prompt of {longest} tokens and {max_tokens} new ones are more than the model's context_length "
            f"({room}): shorten the prompt"
        )
    device, model = model.head_VD.device, model.eval()
    barred = sorted(forbidden)
    lengths_B = torch.tensor([len(prompt) for prompt in prompts], device=device)
    cache = KVCache(model.config, batch=len(prompts), length=longest + max_tokens, device=device)
    ids_BL = padded(prompts, longest, _PAD_ID).to(device)
    hidden_BLD = model.hidden_of(model.embed_tokens(ids_BL), cache=cache, lengths_B=lengths_B)
    last_BD = hidden_BLD[torch.arange(len(prompts), device=device), lengths_B - 1]
    texts: list[list[int]] = [[] for _ in prompts]
    rows = list(range(len(prompts)))
    while True:
        logits_BV = F.linear(last_BD, model.head_VD)
        logits_BV[:, barred] = -torch.inf
        going = []
        for place, token in enumerate(logits_BV.argmax(dim=-1).tolist()):
            text = texts[rows[place]]
            text.append(token)
            if len(text) < max_tokens and not is_complete(text):
                going.append(place)
        if not going:
            return texts
        if len(going) < len(rows):
            rows = [rows[place] for place in going]
            cache.select(torch.tensor(going, device=device))
        drawn_B = torch.tensor([texts[row][-1] for row in rows], device=device)
        last_BD = model.hidden_of(model.embed_tokens(drawn_B).unsqueeze(1), cache=cache)[:, -1]


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
