"""Our decoder, one token at a time, with a key/value cache.

Shapes as in `decoder.py`, with B = 1: T new tokens, P tokens in the cache, S = P + T.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fc_model.decoder import Attention, Block, Decoder, alibi_bias, rope_table, rotate
from fc_model.errors import UserError


class CachedDecoder:
    """A `Runtime` for generation: each call computes only the new tokens."""

    def __init__(self, model: Decoder) -> None:
        self._model = model.eval()
        self._device = model.embed_tokens.weight.device
        self.context_length = model.config.context_length
        self._cosines, self._sines = rope_table(model.config, self.context_length, self._device)
        self.reset()

    def reset(self) -> None:
        """Forget the tokens fed so far."""
        self._num_cached = 0
        self._cache: list[tuple[Tensor, Tensor] | None] = [None] * self._model.config.num_layers

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
        mask = self._mask(len(ids))
        for number, layer in enumerate(self._model.layers):
            x_BTD = self._block(number, cast("Block", layer), x_BTD, mask)
        self._num_cached = stop
        logits_BTV = F.linear(self._model.norm(x_BTD), self._model.head_VD)
        array: NDArray[np.float32] = logits_BTV[0].float().cpu().numpy()
        return array

    def _block(self, number: int, layer: Block, x_BTD: Tensor, mask: Tensor) -> Tensor:
        x_BTD = x_BTD + self._attention(number, layer.self_attn, layer.input_layernorm(x_BTD), mask)
        return x_BTD + layer.mlp(layer.post_attention_layernorm(x_BTD))

    def _attention(self, number: int, attention: Attention, x_BTD: Tensor, mask: Tensor) -> Tensor:
        q_BHTA, k_BKTA, v_BKTA = (
            projection(x_BTD).unflatten(2, (-1, attention.head_dim)).transpose(1, 2)
            for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        if self._model.config.position == "rope":
            places = slice(self._num_cached, self._num_cached + x_BTD.shape[1])
            q_BHTA = rotate(q_BHTA, self._cosines[places], self._sines[places])
            k_BKTA = rotate(k_BKTA, self._cosines[places], self._sines[places])
        if (cached := self._cache[number]) is not None:
            k_BKTA = torch.cat((cached[0], k_BKTA), dim=2)
            v_BKTA = torch.cat((cached[1], v_BKTA), dim=2)
        self._cache[number] = (k_BKTA, v_BKTA)
        y_BHTA = F.scaled_dot_product_attention(
            q_BHTA, k_BKTA, v_BKTA, attn_mask=mask, enable_gqa=q_BHTA.shape[1] != k_BKTA.shape[1]
        )
        output: Tensor = attention.o_proj(y_BHTA.transpose(1, 2).flatten(2))
        return output

    def _mask(self, num_new: int) -> Tensor:
        """Where each new token may look, (T, S), or the ALiBi bias (1, H, T, S)."""
        num_keys = self._num_cached + num_new
        if self._model.config.position == "alibi":
            return alibi_bias(self._model.config.num_heads, num_keys, self._device, None)[:, :, self._num_cached :]
        causal = torch.ones(num_new, num_keys, dtype=torch.bool, device=self._device)
        return causal.tril(diagonal=self._num_cached)
