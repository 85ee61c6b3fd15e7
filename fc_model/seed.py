"""The one place for seeds."""

import hashlib


def derive_seed(seed: int, *labels: str | int) -> int:
    """A seed of 63 bits for one use, from a base seed and labels that name the use.

    Uses that have different labels are independent of each other, whatever order they run in.
    """
    text = "/".join(str(part) for part in (seed, *labels))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def seed_torch(seed: int, *labels: str | int) -> None:
    """Seed torch's generators of every device with `derive_seed`.

    A training step seeds itself with its number, so a resumed run draws the same dropout without stored state.
    """
    import torch

    torch.manual_seed(derive_seed(seed, *labels))
