"""InfoNCE between images and captions, with the features of earlier batches as further negatives.

A small batch has few negatives. The features of earlier batches, kept without their gradient, are nearly as good
while the weights move slowly: the queue of MoCo (He et al. 2020) without its momentum encoder. With an empty queue
the loss is CLIP's (Radford et al. 2021).

Shapes: B pairs, K places of the queue, E width of a feature, Q tokens, H hidden size.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_MAX_SCALE = 100.0
"""Greatest 1 / temperature, as in CLIP: beyond it single pairs make up the whole gradient."""


class ContrastiveResult(NamedTuple):
    """Mean loss of both directions in nats, and the share of pairs that find each other in the batch."""

    loss: Tensor
    accuracy: Tensor


class ContrastiveHead(nn.Module):
    """Features of unit length from a hidden state, or with `pool` from several by attention."""

    def __init__(self, width: int, feature_width: int, *, pool: bool = False) -> None:
        super().__init__()
        self.proj = nn.Linear(width, feature_width, bias=False)
        nn.init.normal_(self.proj.weight, std=width**-0.5)
        if pool:
            self.probe = nn.Parameter(torch.zeros(width))  # starts as the mean

    def forward(self, x: Tensor) -> Tensor:
        """(B, H), or with `pool` (B, Q, H), to (B, E), float32."""
        if x.ndim == 3:
            weight_BQ = (x @ self.probe / math.sqrt(x.shape[-1])).softmax(dim=1)
            x = (weight_BQ.unsqueeze(1) @ x).squeeze(1)
        return F.normalize(self.proj(x).float(), dim=-1)


class QueuedInfoNCE(nn.Module):
    """Cross-entropy of finding the caption of an image and the image of a caption among batch and queue.

    The queue is part of the state, so a resumed run goes on with it. `update` is apart from `forward`: it belongs
    behind the optimizer's step, once a batch, so that micro-batches and repeated steps see the same queue.
    """

    image_queue: Tensor
    text_queue: Tensor
    id_queue: Tensor
    seen: Tensor

    def __init__(self, feature_width: int, *, queue_size: int, temperature: float = 0.07) -> None:
        """`temperature` divides the cosines at the start; it is learned, down to 0.01."""
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature)))
        self.register_buffer("image_queue", torch.zeros(queue_size, feature_width))
        self.register_buffer("text_queue", torch.zeros(queue_size, feature_width))
        self.register_buffer("id_queue", torch.zeros(queue_size, dtype=torch.int64))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, image_BE: Tensor, text_BE: Tensor, ids_B: Tensor) -> ContrastiveResult:
        """Loss of features of unit length. Pairs with equal ids (`caption_ids`) are no negatives of each other."""
        filled = min(int(self.seen), len(self.id_queue))
        candidate_ids = torch.cat((ids_B, self.id_queue[:filled]))
        false_negative = ids_B[:, None] == candidate_ids
        false_negative[:, : len(ids_B)].fill_diagonal_(False)
        losses, accuracies = [], []
        target_B = torch.arange(len(ids_B), device=ids_B.device)
        scale = self.log_scale.exp()
        for anchor_BE, other_BE, queue_KE in (
            (image_BE, text_BE, self.text_queue),
            (text_BE, image_BE, self.image_queue),
        ):
            candidates = torch.cat((other_BE.float(), queue_KE[:filled]))
            logits = (scale * (anchor_BE.float() @ candidates.T)).masked_fill(false_negative, -math.inf)
            losses.append(F.cross_entropy(logits, target_B))
            accuracies.append((logits[:, : len(ids_B)].argmax(dim=1) == target_B).float().mean())
        return ContrastiveResult(loss=(losses[0] + losses[1]) / 2, accuracy=(accuracies[0] + accuracies[1]) / 2)

    @torch.no_grad()
    def update(self, image_BE: Tensor, text_BE: Tensor, ids_B: Tensor) -> None:
        """Put a batch into the queue, over the oldest, and keep the temperature in its bounds."""
        self.log_scale.clamp_(max=math.log(_MAX_SCALE))
        size = len(self.id_queue)
        if size == 0:
            return
        count = min(len(ids_B), size)
        start = int(self.seen) + len(ids_B) - count
        places = (start + torch.arange(count, device=self.id_queue.device)) % size
        self.image_queue[places] = image_BE[-count:].detach().to(self.image_queue)
        self.text_queue[places] = text_BE[-count:].detach().to(self.text_queue)
        self.id_queue[places] = ids_B[-count:].to(self.id_queue)
        self.seen += len(ids_B)


def caption_ids(captions: Iterable[str]) -> Tensor:
    """Equal numbers for equal captions, (B,) int64: the first 8 bytes of their sha256."""
    digests = (hashlib.sha256(caption.encode("utf-8")).digest() for caption in captions)
    return torch.tensor([int.from_bytes(digest[:8], "little", signed=True) for digest in digests], dtype=torch.int64)


def last_states(hidden_BTH: Tensor, lengths_B: Tensor) -> Tensor:
    """Hidden state at the last token of each caption, (B, H); `lengths_B` counts its tokens, padding behind them."""
    return hidden_BTH[torch.arange(len(lengths_B), device=hidden_BTH.device), lengths_B - 1]
