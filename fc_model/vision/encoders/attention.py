"""Attention of patches and queries, in heads; the modules around it differ in the names of their weights only.

Shapes: B images, T queries, S keys, D width, K heads, A = D / K width of a head.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from fc_model.model.attention import full_attention
from fc_model.model.rope import rotate


class MultiHeadAttention(nn.Module):
    """Attention of one sequence to another, which may have another width.

    Args:
        names: of the four matrices, as published weights have them; fresh ones are drawn in this order. The last is
            the output's.
    """

    q_proj: nn.Linear
    k_proj: nn.Linear
    v_proj: nn.Linear

    def __init__(
        self, width: int, names: Sequence[str], *, num_heads: int, source_width: int | None = None, bias: bool = True
    ) -> None:
        super().__init__()
        self.num_heads, self.output = num_heads, names[-1]
        for name in names:
            inputs = source_width if source_width and name in ("k_proj", "v_proj") else width
            self.add_module(name, nn.Linear(inputs, width, bias=bias))

    def forward(
        self, x_BTD: Tensor, keys_BSD: Tensor, values_BSD: Tensor, rope: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        q_BTD, k_BSD, v_BSD = self.q_proj(x_BTD), self.k_proj(keys_BSD), self.v_proj(values_BSD)
        y_BTD = multi_head_attention(q_BTD, k_BSD, v_BSD, num_heads=self.num_heads, rope=rope)
        return self.get_submodule(self.output)(y_BTD)


def multi_head_attention(
    q_BTD: Tensor, k_BSD: Tensor, v_BSD: Tensor, *, num_heads: int, rope: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """Every query attends to every key, (B, T, D); `rope` turns both by cosines and sines, (T, A) each."""
    q_BKTA, k_BKSA, v_BKSA = (x.unflatten(-1, (num_heads, -1)).transpose(1, 2) for x in (q_BTD, k_BSD, v_BSD))
    if rope is not None:
        q_BKTA, k_BKSA = rotate(q_BKTA, *rope), rotate(k_BKSA, *rope)
    return full_attention(q_BKTA, k_BKSA, v_BKSA).transpose(1, 2).flatten(2)
