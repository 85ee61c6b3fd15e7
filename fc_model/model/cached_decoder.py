"""Our decoder with a key/value cache: each call computes only the new tokens, of one sequence or of many.

Shapes as in `decoder.py`: B sequences, T new tokens, S places in the cache.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fc_model.errors import UserError
from fc_model.model.decoder import Attention, Block, Decoder, rope_table, rotate

_FIRST_PLACES = 64
"""Places that a cache begins with; it doubles when they are full."""


class CachedBatch:
    """Sequences of different lengths, fed side by side.

    A sequence may be shorter than the others that it is fed with: the places behind it are skipped by all that
    follows, and its own positions run on without a gap, so it gets what it would get alone.
    """

    def __init__(self, model: Decoder, batch: int) -> None:
        self._model, self._batch = model.eval(), batch
        self._device = model.embed_tokens.weight.device
        self._cache: list[tuple[Tensor, Tensor]] = []
        self._filled = 0
        self._next_B = torch.zeros(batch, dtype=torch.long, device=self._device)
        self._positions_BS = torch.zeros(batch, 0, dtype=torch.long, device=self._device)
        self._used_BS = torch.zeros(batch, 0, dtype=torch.bool, device=self._device)
        self._rope: tuple[Tensor, Tensor] | None = None

    @torch.inference_mode()
    def feed(self, x_BTD: Tensor, lengths_B: Tensor | None = None) -> Tensor:
        """Output of the last norm, (B, T, D), for embeddings behind those already fed.

        Args:
            x_BTD: the new embeddings.
            lengths_B: how many of them are a sequence's own (at least one), the rest is padding; all when None.
        """
        new = x_BTD.shape[1]
        ahead_T = torch.arange(new, device=self._device)
        positions_BT = self._next_B[:, None] + ahead_T
        used_BT = torch.ones_like(positions_BT, dtype=torch.bool) if lengths_B is None else ahead_T < lengths_B[:, None]
        self._positions_BS = torch.cat((self._positions_BS, positions_BT), dim=1)
        self._used_BS = torch.cat((self._used_BS, used_BT), dim=1)
        self._next_B = self._next_B + used_BT.sum(dim=1)
        mask, rope = self._mask(positions_BT), self._turns(positions_BT)
        for number, layer in enumerate(self._model.layers):
            x_BTD = self._block(number, cast("Block", layer), x_BTD, rope, mask)
        self._filled += new
        return self._model.norm(x_BTD)

    @torch.inference_mode()
    def keep(self, rows: Tensor) -> None:
        """Go on with some of the sequences, by their numbers."""
        self._cache = [(k_BKSA[rows], v_BKSA[rows]) for k_BKSA, v_BKSA in self._cache]
        self._next_B, self._batch = self._next_B[rows], len(rows)
        self._positions_BS, self._used_BS = self._positions_BS[rows], self._used_BS[rows]

    def _block(
        self, number: int, layer: Block, x_BTD: Tensor, rope: tuple[Tensor, Tensor] | None, mask: Tensor
    ) -> Tensor:
        x_BTD = x_BTD + self._attention(number, layer.self_attn, layer.input_layernorm(x_BTD), rope, mask)
        return x_BTD + layer.mlp(layer.post_attention_layernorm(x_BTD))

    def _attention(
        self, number: int, attention: Attention, x_BTD: Tensor, rope: tuple[Tensor, Tensor] | None, mask: Tensor
    ) -> Tensor:
        q_BHTA, k_BKTA, v_BKTA = (
            projection(x_BTD).unflatten(2, (-1, attention.head_dim)).transpose(1, 2)
            for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        if rope is not None:
            q_BHTA, k_BKTA = rotate(q_BHTA, *rope), rotate(k_BKTA, *rope)
        k_BKSA, v_BKSA = self._put(number, k_BKTA, v_BKTA)
        y_BHTA = F.scaled_dot_product_attention(
            q_BHTA, k_BKSA, v_BKSA, attn_mask=mask, enable_gqa=q_BHTA.shape[1] != k_BKSA.shape[1]
        )
        output: Tensor = attention.o_proj(y_BHTA.transpose(1, 2).flatten(2))
        return output

    def _put(self, number: int, k_BKTA: Tensor, v_BKTA: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a layer so far, with the new ones behind the others."""
        end = self._filled + k_BKTA.shape[2]
        if number == len(self._cache):
            self._cache.append((k_BKTA[:, :, :0], v_BKTA[:, :, :0]))
        places = self._cache[number][0].shape[2]
        if end > places:
            more = max(end, 2 * places, _FIRST_PLACES) - places
            keys, values = self._cache[number]
            self._cache[number] = (F.pad(keys, (0, 0, 0, more)), F.pad(values, (0, 0, 0, more)))
        keys, values = self._cache[number]
        keys[:, :, self._filled : end] = k_BKTA
        values[:, :, self._filled : end] = v_BKTA
        return keys[:, :, :end], values[:, :, :end]

    def _turns(self, positions_BT: Tensor) -> tuple[Tensor, Tensor] | None:
        """Cosines and sines of the new places, (B, 1, T, A)."""
        config = self._model.config
        if config.position != "rope":
            return None
        needed = int(positions_BT.max()) + 1
        if self._rope is None or len(self._rope[0]) < needed:
            self._rope = rope_table(config, max(needed, config.context_length), self._device)
        cosines, sines = self._rope
        return cosines[positions_BT].unsqueeze(1), sines[positions_BT].unsqueeze(1)

    def _mask(self, positions_BT: Tensor) -> Tensor:
        """Where each new token may look, (B, 1, T, S), or the ALiBi bias (B, H, T, S)."""
        distance_BTS = positions_BT[:, :, None] - self._positions_BS[:, None, :]
        seen_B1TS = (self._used_BS[:, None, :] & (distance_BTS >= 0)).unsqueeze(1)
        if self._model.config.position != "alibi":
            return seen_B1TS
        heads = self._model.config.num_heads
        slopes_H11 = 2.0 ** (-8.0 * torch.arange(1, heads + 1, device=self._device) / heads).view(-1, 1, 1)
        return (-slopes_H11 * distance_BTS.unsqueeze(1)).masked_fill(~seen_B1TS, -torch.inf)


class CachedDecoder:
    """A `Runtime` for generation: one sequence of token ids."""

    def __init__(self, model: Decoder) -> None:
        self._model = model.eval()
        self._device = model.embed_tokens.weight.device
        self.context_length = model.config.context_length
        self.reset()

    def reset(self) -> None:
        """Forget the tokens fed so far."""
        self._num_cached = 0
        self._batch = CachedBatch(self._model, 1)

    def next_logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Feed `ids` after those already fed; logits [vocab] of the token that follows.

        Raises UserError when the context would grow beyond the model's.
        """
        return self._feed(ids)[-1]

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Logits [len(ids), vocab] after each prefix of `ids`, from an empty context."""
        self.reset()
        return self._feed(ids)

    @torch.inference_mode()
    def _feed(self, ids: Sequence[int]) -> NDArray[np.float32]:
        stop = self._num_cached + len(ids)
        if stop > self.context_length:
            raise UserError(f"{stop} tokens are more than the model's context_length ({self.context_length})")
        x_BTD = self._model.embed_tokens(torch.tensor([list(ids)], device=self._device))
        hidden_BTD = self._batch.feed(x_BTD)
        self._num_cached = stop
        logits_BTV = F.linear(hidden_BTD, self._model.head_VD)
        array: NDArray[np.float32] = logits_BTV[0].float().cpu().numpy()
        return array
