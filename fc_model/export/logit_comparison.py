"""How far two sets of logits are apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax


@dataclass
class LogitComparison:
    """Accumulates over prompts; P positions in all."""

    num_positions: int = 0
    num_top1: int = 0
    max_logit_diff: float = 0.0
    max_logprob_diff: float = 0.0
    total_kl: float = 0.0

    def add(self, expected: NDArray[np.float32], actual: NDArray[np.float32]) -> None:
        """Compare logits [tokens, vocab] after the same tokens. Raises ValueError when the shapes differ."""
        if expected.shape != actual.shape:
            raise ValueError(f"logits of shape {actual.shape}, expected {expected.shape}")
        logprobs = log_softmax(expected.astype(np.float64), axis=1)
        difference = logprobs - log_softmax(actual.astype(np.float64), axis=1)
        self.num_positions += len(expected)
        self.num_top1 += int((expected.argmax(axis=1) == actual.argmax(axis=1)).sum())
        self.max_logit_diff = max(self.max_logit_diff, _largest(expected.astype(np.float64) - actual))
        self.max_logprob_diff = max(self.max_logprob_diff, _largest(difference))
        self.total_kl += float((np.exp(logprobs) * difference).sum())

    def metrics(self, name: str) -> dict[str, float]:
        """Share of equal top-1, largest differences and KL(expected || actual) in nats, the mean over positions."""
        return {
            f"{name}_top1": self.num_top1 / self.num_positions,
            f"{name}_max_logit_diff": self.max_logit_diff,
            f"{name}_max_logprob_diff": self.max_logprob_diff,
            f"{name}_kl": self.total_kl / self.num_positions,
        }


def _largest(difference: NDArray[np.float64]) -> float:
    """Largest absolute value; infinite when one is not a number."""
    largest = float(np.abs(difference).max())
    return largest if np.isfinite(largest) else float("inf")
