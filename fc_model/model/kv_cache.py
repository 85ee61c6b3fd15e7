"""Keys and values of the tokens that a decoder has been fed, so that each call computes only the new ones.

Shapes as in `decoder.py`: B sequences, T new tokens, S places of the cache, K key heads, A width of a head.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fc_model.config.model import ModelConfig


class LayerCache:
    """Keys and values of one layer, (2, B, K, S, A)."""

    def __init__(self, pair_2BKSA: Tensor) -> None:
        self._pair_2BKSA, self._filled = pair_2BKSA, 0

    def append(self, k_BKTA: Tensor, v_BKTA: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values so far, the new ones last."""
        start, self._filled = self._filled, self._filled + k_BKTA.shape[2]
        keys_BKSA, values_BKSA = self._pair_2BKSA[:, :, :, : self._filled]
        keys_BKSA[:, :, start:] = k_BKTA
        values_BKSA[:, :, start:] = v_BKTA
        return keys_BKSA, values_BKSA

    def select(self, rows: Tensor) -> None:
        """Keep some of the sequences, by their numbers in rising order."""
        kept = self._pair_2BKSA[:, : len(rows)]
        kept[:, :, :, : self._filled] = self._pair_2BKSA[:, rows, :, : self._filled]
        self._pair_2BKSA = kept

    def repeat(self, times_B: Tensor) -> None:
        """Hold each sequence several times, the copies side by side."""
        self._pair_2BKSA = self._pair_2BKSA.repeat_interleave(times_B, dim=1)


class KVCache:
    """The cache of a batch of sequences of different lengths, fed side by side.

    A sequence may be shorter than the others that it is fed with: the places behind it are hidden from all that
    follows, and its own positions run on without a gap, so it gets what it would get alone.

    Args:
        config: shape of the decoder.
        batch: sequences.
        length: places of each, padding included; the memory is taken when they are filled.
        device: of the decoder.
    """

    def __init__(self, config: ModelConfig, *, batch: int, length: int, device: torch.device) -> None:
        shape = (2, batch, config.num_kv_heads, length, config.head_dim)
        self.layers = [LayerCache(torch.empty(shape, device=device)) for _ in range(config.num_layers)]
        self.length, self.filled, self.padded = length, 0, False
        self._next_B = torch.zeros(batch, dtype=torch.long, device=device)
        self._positions_BS = torch.zeros(batch, length, dtype=torch.long, device=device)
        self._used_BS = torch.ones(batch, length, dtype=torch.bool, device=device)

    def advance(self, num_tokens: int, lengths_B: Tensor | None = None) -> Tensor:
        """Make room for new tokens; their positions, (B, T).

        `lengths_B` says how many of the tokens are a sequence's own (at least one), the rest is padding; all when None.
        Raises ValueError when the cache is full.
        """
        start, stop = self.filled, self.filled + num_tokens
        if stop > self.length:
            raise ValueError(f"{stop} tokens are more than the cache's {self.length} places")
        ahead_T = torch.arange(num_tokens, device=self._next_B.device)
        positions_BT = self._next_B[:, None] + ahead_T
        self._positions_BS[:, start:stop] = positions_BT
        if lengths_B is not None:
            self.padded = True
            self._used_BS[:, start:stop] = ahead_T < lengths_B[:, None]
        self._next_B = self._next_B + (num_tokens if lengths_B is None else lengths_B)
        self.filled = stop
        return positions_BT

    def distance(self, positions_BT: Tensor) -> tuple[Tensor, Tensor]:
        """How far each new token stands behind every place so far, (B, T, S), and whether it may look there.

        It looks at what is not ahead and no padding: (B, 1, T, S).
        """
        distance_BTS = positions_BT[:, :, None] - self._positions_BS[:, None, : self.filled]
        return distance_BTS, (self._used_BS[:, None, : self.filled] & (distance_BTS >= 0)).unsqueeze(1)

    def select(self, rows: Tensor) -> None:
        """Go on with some of the sequences, by their numbers in rising order."""
        for layer in self.layers:
            layer.select(rows)
        self._next_B = self._next_B[rows]
        self._positions_BS, self._used_BS = self._positions_BS[rows], self._used_BS[rows]

    def repeat(self, times_B: Tensor) -> None:
        """Go on with each sequence in several copies, which stand side by side."""
        for layer in self.layers:
            layer.repeat(times_B)
        self._next_B = self._next_B.repeat_interleave(times_B)
        self._positions_BS = self._positions_BS.repeat_interleave(times_B, dim=0)
        self._used_BS = self._used_BS.repeat_interleave(times_B, dim=0)
