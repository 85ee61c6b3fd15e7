"""Our decoder as a `Runtime` for generation: one sequence of token ids, with a key/value cache."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_model.model.kv_cache import KVCache


class DecoderRuntime:
    """See `fc_model.inference.generate.Runtime`. The decoder is put into evaluation mode."""

    def __init__(self, model: Decoder) -> None:
        self._model = model.eval()
        self.context_length = model.config.context_length
        self.reset()

    def reset(self) -> None:
        device = self._model.embed_tokens.weight.device
        self._cache = KVCache(self._model.config, batch=1, length=self.context_length, device=device)

    def next_logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Feed `ids` after those already fed; logits [vocab] of the token that follows.

        Raises UserError when the context would grow beyond the model's.
        """
        return self._feed(ids)[-1]

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        self.reset()
        return self._feed(ids)

    @torch.inference_mode()
    def _feed(self, ids: Sequence[int]) -> NDArray[np.float32]:
        stop = self._cache.filled + len(ids)
        if stop > self.context_length:
            raise UserError(f"{stop} tokens are more than the model's context_length ({self.context_length})")
        ids_BT = torch.tensor([list(ids)], device=self._model.embed_tokens.weight.device)
        logits_BTV = self._model(ids_BT, cache=self._cache)
        array: NDArray[np.float32] = logits_BTV[0].float().cpu().numpy()
        return array
