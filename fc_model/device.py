"""The one place for devices, threads, number formats and what a machine can reach."""

from __future__ import annotations

import contextlib
import ctypes
import math
import sys
import time
from functools import cache

import torch

from fc_model.errors import UserError

_BF16_GAIN = 1.2
"""bf16 must beat fp32 by this factor to be worth its rounding."""

# Dense peak in FLOP/s of bf16 tensor cores, from the vendor's data sheets; matched by substring, first hit.
_CUDA_PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12, "4090": 165e12}

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h


def pick_device(name: str) -> torch.device:
    """The device of a run: auto takes cuda, else mps, else cpu. Raises UserError when the named one is absent."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, here in present.items() if here)
    if not present[name]:
        raise UserError(f"device {name}: torch {torch.__version__} sees none here; set it to auto or cpu")
    return torch.device(name)


def set_threads(threads: int | None) -> int:
    """Set torch's CPU threads; None keeps torch's choice (OMP_NUM_THREADS, else the cores). Returns the number."""
    torch.set_num_threads(threads or torch.get_num_threads())
    return torch.get_num_threads()


def tune_allocator() -> None:
    """Keep freed memory in the process instead of giving it back to the system and faulting it in anew each step.

    Worth up to 30% of a CPU training step; glibc only, elsewhere without effect.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(AttributeError):  # musl has no mallopt
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 2**30)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def autocast_dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """The autocast type of a precision, None for plain fp32.

    auto: bf16 where it is faster (measured on CPU and MPS, tensor cores on CUDA), else fp16 on CUDA, else fp32.
    """
    fixed = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
    if precision in fixed:
        return fixed[precision]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    faster = gemm_flops(device, torch.bfloat16) > _BF16_GAIN * gemm_flops(device, torch.float32)
    return torch.bfloat16 if faster else None


@cache
def gemm_flops(device: torch.device, dtype: torch.dtype, *, size: int = 768, seconds: float = 0.15) -> float:
    """FLOP/s of the best of several square matrix products on the device, with the threads that are set."""
    left = torch.randn(size, size, device=device, generator=torch.Generator(device).manual_seed(0)).to(dtype)
    (left @ left).sum().item()
    best, stop = float("inf"), time.perf_counter() + seconds
    while math.isinf(best) or time.perf_counter() < stop:
        begin = time.perf_counter()
        product = left @ left
        if device.type != "cpu":
            product[0, 0].item()
        best = min(best, time.perf_counter() - begin)
    return 2 * size**3 / best


def peak_flops(device: torch.device, dtype: torch.dtype | None) -> float:
    """What MFU is measured against: the data sheet of a known GPU, elsewhere the measured matrix product."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        for part, peak in _CUDA_PEAK.items():
            if part in name and dtype is not None:
                return peak
    return gemm_flops(device, dtype or torch.float32)


def memory_bytes(device: torch.device) -> int:
    """Memory that the run holds: the accelerator's peak, or the resident memory of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    import psutil

    return int(psutil.Process().memory_info().rss)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch means that memory ran out; the CPU allocator raises a plain RuntimeError."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
