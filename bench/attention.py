"""Attention as matrix products beside torch's fused one: forward and backward at the shapes of nano on this machine.

    python -m bench.attention [--threads 1] [--rounds 7]

One line of JSON a shape: CPU milliseconds of each side, and how many times slower the fused one is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.timing import report, round_robin, whole_number
from fc_model.model.attention import attention_mask, blockwise_attention, product_attention

_CALLS = 5
SHAPES = {
    "lines, encoder": (64, 6, 18, 32, False),
    "lines, decoder": (48, 3, 39, 64, True),
    "text, decoder": (8, 3, 256, 64, True),
}
"""Sequences, heads, length, width of a head, whether it is causal with a mask of documents."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=whole_number, default=1)
    parser.add_argument("--rounds", type=whole_number, default=7)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name, shape in SHAPES.items():
        for dtype in (torch.bfloat16, torch.float32):
            report(
                bench="attention",
                shape=name,
                dtype=str(dtype),
                threads=options.threads,
                **race(shape, dtype, rounds=options.rounds),
            )


def race(shape: tuple[int, int, int, int, bool], dtype: torch.dtype, *, rounds: int) -> dict[str, float]:
    """CPU milliseconds of a call, forward and backward; `ratio` is fused over products."""
    sequences, heads, length, width, causal = shape
    torch.manual_seed(0)
    rows = [torch.randn(sequences, heads, length, width, dtype=dtype, requires_grad=True) for _ in range(3)]
    mask = attention_mask(torch.zeros(sequences, length, dtype=torch.long)) if causal else None

    def calls(attention: Callable[[], Tensor]) -> Callable[[], None]:
        def run() -> None:
            for _ in range(_CALLS):
                attention().sum().backward()

        return run

    sides = {
        "products": calls(lambda: blockwise_attention(*rows, mask) if causal else product_attention(*rows)),
        "fused": calls(lambda: F.scaled_dot_product_attention(*rows, attn_mask=mask)),
    }
    cpu = {name: 1000 * seconds.cpu / _CALLS for name, seconds in round_robin(sides, rounds=rounds).items()}
    return {f"{name}_ms": round(value, 2) for name, value in cpu.items()} | {
        "ratio": round(cpu["fused"] / cpu["products"], 2)
    }


if __name__ == "__main__":
    main()
