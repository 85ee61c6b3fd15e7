"""Held-out bits per byte after a fixed number of CPU seconds of training, the same bytes for everyone.

10 MB of documentation text of installed packages, BPE of 4,096 trained on it, 5% of the documents held out. Only
training steps count; the first step (with compilation, at a learning rate of 0) and the evaluation do not. The
learning rate follows the spent share of the budget: 2% warm-up, then a cosine to a tenth. The score sums -log2 p over
the held-out tokens in windows of the training context that do not overlap, and divides by their bytes.

    python -m bench.quality [--budget 300] [--seeds 1337 1 2] [--contenders ours litgpt]
                            [--nanochat DIR] [--nanogpt DIR]
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bench import hooks, peers
from bench.corpus import Tokens, prepare
from bench.timing import report
from fc_model.config.model import ModelConfig
from fc_model.device import autocast_dtype, tune_allocator

VOCAB = 4096
_EVAL_WINDOWS = 32


@dataclass(frozen=True)
class Contender:
    """A model with the recipe that it is trained by."""

    model: nn.Module
    optimizers: list[Optimizer]
    context: int
    batch: int
    autocast: bool
    """To bf16, where the machine is faster in it; else it trains in fp32."""


class NotFinite(Exception):
    """A step had no finite loss or gradient: the figures of its training mean nothing."""


def main() -> None:
    """Train every contender with every seed, and print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=300, help="CPU seconds of training steps")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1337])
    parser.add_argument("--contenders", nargs="+", default=["ours", "nanochat", "nanogpt", "litgpt"])
    parser.add_argument("--nanochat", type=Path, help="a checkout of nanochat")
    parser.add_argument("--nanogpt", type=Path, help="a checkout of nanoGPT")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bench-quality")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tune_allocator()
    bf16 = autocast_dtype("auto", torch.device("cpu")) is not None
    tokens = prepare(arguments.folder, megabytes=10, vocab_size=VOCAB)
    for seed in arguments.seeds:
        for name in arguments.contenders:
            if why := reason_to_leave_out(name, arguments):
                report(bench="quality", seed=seed, left_out={name: why})
                continue
            torch.manual_seed(seed)
            torch.compiler.reset()
            try:
                contender = make(name, arguments)
                contender = replace(contender, autocast=contender.autocast and bf16)
                result = train(contender, tokens, budget=arguments.budget, seed=seed)
            except NotFinite as error:
                report(bench="quality", seed=seed, left_out={name: f"refused: {error}"})
                continue
            report(
                bench="quality", contender=name, seed=seed, budget=arguments.budget, corpus=tokens.digest,
                precision="bfloat16" if contender.autocast else "float32", **result,
            )  # fmt: skip


def reason_to_leave_out(name: str, arguments: argparse.Namespace) -> str | None:
    """Why a contender cannot run; None when it can."""
    if name == "litgpt":
        return peers.absent("litgpt")
    if name in ("nanochat", "nanogpt") and getattr(arguments, name) is None:
        return f"{name} is not on PyPI: left out; pass --{name} with a checkout"
    return None


def make(name: str, arguments: argparse.Namespace) -> Contender:
    """Build a contender at the best setting that was found for it (docs/experiments)."""
    if name == "ours":
        ours = hooks.quality(VOCAB, 256)
        return Contender(ours, ours.optimizer, context=ours.context, batch=ours.batch, autocast=ours.amp)
    width = 256 if name == "litgpt" else 128
    heads = 2 if name == "nanochat" else 4
    shape = ModelConfig(
        vocab_size=VOCAB,
        num_layers=4,
        hidden_size=width,
        num_heads=heads,
        num_kv_heads=heads,
        head_dim=width // heads,
        intermediate_size=width * 8 // 3 // 16 * 16,
        context_length=128,
        tie_embeddings=False,
    )
    if name == "nanochat":
        model, optimizers = peers.nanochat(shape, checkout=arguments.nanochat)
        return Contender(model, optimizers, context=128, batch=8, autocast=False)
    if name == "nanogpt":
        model, optimizers = peers.nanogpt(shape, checkout=arguments.nanogpt, lr=3e-3)
        return Contender(model, optimizers, context=128, batch=8, autocast=True)
    if name == "litgpt":
        model = peers.litgpt(shape)
        return Contender(model, [peers.adamw(model, lr=3e-3)], context=128, batch=4, autocast=True)
    raise SystemExit(f"contender {name}: take one of ours, nanochat, nanogpt, litgpt")


def train(contender: Contender, tokens: Tokens, *, budget: float, seed: int) -> dict[str, float]:
    """Spend the budget on steps, then score."""
    random = np.random.default_rng(seed)
    groups = [group for optimizer in contender.optimizers for group in optimizer.param_groups]
    peaks = [group["lr"] for group in groups]
    for group in groups:
        group["lr"] = 0.0
    step(contender, tokens.train, random)
    spent, steps = 0.0, 0
    while spent < budget:
        for group, peak in zip(groups, peaks, strict=True):
            group["lr"] = peak * lr_factor(spent / budget)
        begin = time.process_time()
        step(contender, tokens.train, random)
        spent += time.process_time() - begin
        steps += 1
    seen = steps * contender.batch * contender.context
    return {
        "bits_per_byte": round(bits_per_byte(contender, tokens), 4),
        "steps": steps,
        "tokens": seen,
        "tokens_per_cpu_second": round(seen / spent),
        "parameters": sum(weight.numel() for weight in contender.model.parameters()),
    }


def step(contender: Contender, train_ids: np.ndarray, random: np.random.Generator) -> None:
    """One training step on random windows."""
    starts = random.integers(0, len(train_ids) - contender.context - 1, contender.batch)
    window = torch.stack([as_tensor(train_ids[start : start + contender.context + 1]) for start in starts])
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=contender.autocast):
        loss = contender.model(window[:, :-1].contiguous(), window[:, 1:].contiguous())
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(contender.model.parameters(), max_norm=1.0)
    if not (loss.isfinite() and norm.isfinite()):
        raise NotFinite(f"its loss is {loss.item()}, the norm of its gradient {norm.item()}")
    for optimizer in contender.optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


@torch.no_grad()
def bits_per_byte(contender: Contender, tokens: Tokens) -> float:
    """Over the whole windows of the holdout; the bytes of the cut end are left out in proportion."""
    contender.model.eval()
    windows = (len(tokens.holdout) - 1) // contender.context
    scored = windows * contender.context
    ids = as_tensor(tokens.holdout[:scored]).view(windows, -1)
    targets = as_tensor(tokens.holdout[1 : scored + 1]).view(windows, -1)
    nats = 0.0
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=contender.autocast):
        for start in range(0, windows, _EVAL_WINDOWS):
            part = slice(start, start + _EVAL_WINDOWS)
            nats += contender.model(ids[part], targets[part]).item() * ids[part].numel()
    contender.model.train()
    return nats / math.log(2) / (tokens.holdout_bytes * scored / len(tokens.holdout))


def lr_factor(share: float) -> float:
    """Learning rate over its peak at a share of the budget."""
    return min(1.0, max(share / 0.02, 0.01)) * (0.1 + 0.45 * (1 + math.cos(math.pi * min(1.0, share))))


def as_tensor(ids: np.ndarray) -> Tensor:
    """Ids as torch's embedding wants them."""
    return torch.from_numpy(ids.astype(np.int64))


if __name__ == "__main__":
    main()
