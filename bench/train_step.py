"""Tokens per second of our compiled training step beside litgpt's and transformers', in one process.

A step is forward, backward, clip to 1 and AdamW on 16 windows of 512 tokens, with the same Llama shape, the same batch
and torch.compile on every side, in bf16 where the machine is faster in it, else in fp32. A side whose loss or gradients
are not those of its own uncompiled fp32 is refused. Contenders take turns; ratios are of CPU seconds. The share is that
of the machine's matrix product at the model's shapes, with all scores of the causal attention counted as needed by
half. ATEN_CPU_CAPABILITY=avx2 and --vector-bits 256 show narrower vectors than the processor's.

    python -m bench.train_step [--threads 1 2] [--rounds 5] [--precision bf16] [--vector-bits 256] [--eager]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import warnings
from collections.abc import Callable

import torch
import torch._inductor.config
from torch import nn

from bench import hooks, peers, trust
from bench.gemm import ceiling
from bench.timing import Seconds, report, round_robin, whole_number
from fc_model.config.model import ModelConfig
from fc_model.device import autocast_dtype, tune_allocator

SHAPE = ModelConfig(
    vocab_size=8192,
    num_layers=6,
    hidden_size=256,
    num_heads=4,
    num_kv_heads=4,
    head_dim=64,
    intermediate_size=688,
    context_length=512,
    tie_embeddings=False,
)
BATCH = 16


def main() -> None:
    """Measure at each number of threads, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=whole_number, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=whole_number, default=5, help="timed steps of each contender")
    parser.add_argument("--precision", choices=["auto", "bf16", "fp32"], default="auto")
    parser.add_argument(
        "--vector-bits", type=int, choices=(128, 256, 512), help="of the compiler's code, on every side"
    )
    parser.add_argument("--eager", action="store_true", help="compile no side")
    parser.add_argument("--plain-allocator", action="store_true", help="leave malloc's thresholds as they are")
    arguments = parser.parse_args()
    if len(arguments.threads) > 1:
        rest = sys.argv[1:]
        for threads in arguments.threads:
            # The last of a setting that stands twice counts.
            subprocess.run([sys.executable, "-m", "bench.train_step", *rest, "--threads", str(threads)], check=True)
        return
    torch.set_num_threads(arguments.threads[0])
    if not arguments.plain_allocator:
        tune_allocator()
    torch._inductor.config.cpp.simdlen = arguments.vector_bits
    # The peers' own warnings, of packages that only their servers need.
    warnings.filterwarnings("ignore", module=r"(litgpt|lightning|transformers|jsonargparse).*")
    dtype = autocast_dtype(arguments.precision, torch.device("cpu")) or torch.float32
    measure(rounds=arguments.rounds, compiled=not arguments.eager, dtype=dtype)


def measure(*, rounds: int, compiled: bool, dtype: torch.dtype) -> None:
    """Time every side that is installed and computes what it should, and print ratios and shares."""
    makers: dict[str, Callable[[], nn.Module]] = {
        "ours": lambda: hooks.train_step(
            SHAPE.vocab_size, SHAPE.hidden_size, SHAPE.num_layers, SHAPE.num_heads, SHAPE.context_length
        ),
        "litgpt": lambda: peers.litgpt(SHAPE),
        "transformers": lambda: peers.transformers(SHAPE),
    }
    left_out = {name: why for name in ("litgpt", "transformers") if (why := peers.absent(name))}
    steps = {}
    for name, make in makers.items():
        if name not in left_out:
            torch.manual_seed(0)
            try:
                steps[name] = trusted_step(make(), compiled=compiled, dtype=dtype)
            except Refused as error:
                left_out[name] = str(error)
    for name, why in left_out.items():
        print(f"{name}: {why}", file=sys.stderr)
    if "ours" not in steps:
        raise SystemExit(1)
    tokens = BATCH * SHAPE.context_length
    best = ceiling(SHAPE, num_tokens=tokens, dtype=dtype)
    seconds = round_robin(steps, rounds=rounds, warmup=2)
    flops = tokens * SHAPE.flops_per_token(SHAPE.context_length)
    report(
        bench="train_step",
        threads=torch.get_num_threads(),
        precision=str(dtype).removeprefix("torch."),
        vector_bits=torch._inductor.config.cpp.simdlen,
        compiled=compiled,
        torch=torch.__version__,
        ceiling_gflops_per_cpu_second=round(best.cpu / 1e9, 1),
        results={name: figures(one, tokens=tokens, flops=flops, best=best) for name, one in seconds.items()},
        ours_over={name: round(one.cpu / seconds["ours"].cpu, 3) for name, one in seconds.items() if name != "ours"},
        left_out=left_out,
    )


class Refused(Exception):
    """What a contender computes is not what it says."""


def trusted_step(model: nn.Module, *, compiled: bool, dtype: torch.dtype) -> Callable[[], object]:
    """One whole training step on a fixed batch. Raises Refused when its loss or gradients are wrong."""
    for weight in model.parameters():
        if weight.ndim == 2:  # ours begins with heads and outputs of zeros, which would hide most gradients
            nn.init.normal_(weight, std=0.05)
    random = torch.Generator().manual_seed(0)
    window = torch.randint(0, SHAPE.vocab_size, (BATCH, SHAPE.context_length + 1), generator=random)
    ids_BT, targets_BT = window[:, :-1].contiguous(), window[:, 1:].contiguous()
    expected = trust.measured(lambda: model(ids_BT, targets_BT), model, torch.float32)
    if compiled:
        model.compile(dynamic=False)
    if why := trust.fault(trust.measured(lambda: model(ids_BT, targets_BT), model, dtype), expected, dtype):
        raise Refused(why)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)

    def step() -> float:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            loss = model(ids_BT, targets_BT)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0, error_if_nonfinite=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    return step


def figures(seconds: Seconds, *, tokens: int, flops: float, best: Seconds) -> dict[str, float]:
    """Tokens a second and the share of the ceiling."""
    return {
        "tokens_per_cpu_second": round(tokens / seconds.cpu),
        "tokens_per_second": round(tokens / seconds.wall),
        "share_of_ceiling": round(flops / seconds.cpu / best.cpu, 3),
    }


if __name__ == "__main__":
    main()
