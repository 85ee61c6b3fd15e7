"""How far two sets of logits are apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class LogitComparison:
    """Accumulates over prompts; P positions in all."""

    num_positions: int = 0
    num_top1: int = 0
    max_logit_diff: float = 0.0
    max_logprob_diff: float = 0.0
    total_kl: float = 0.0

    def add(self, expected: NDArray[np.float32], found: NDArray[np.float32]) -> None:
        """Compare logits [tokens, vocab] after the same tokens. Raises ValueError when the shapes differ."""
        if expected.shape != found.shape:
            raise ValueError(f"logits of shape {found.shape}, expected {expected.shape}")
        expected_logprobs, found_logprobs = log_softmax(expected), log_softmax(found)
        self.num_positions += len(expected)
        self.num_top1 += int((expected.argmax(axis=1) == found.argmax(axis=1)).sum())
        self.max_logit_diff = max(self.max_logit_diff, largest_difference(expected, found))
        self.max_logprob_diff = max(self.max_logprob_diff, largest_difference(expected_logprobs, found_logprobs))
        self.total_kl += float((np.exp(expected_logprobs) * (expected_logprobs - found_logprobs)).sum())

    def metrics(self, name: str) -> dict[str, float]:
        """Share of equal top-1, largest differences and KL(expected || found) in nats, the mean over positions."""
        return {
            f"{name}_top1": self.num_top1 / self.num_positions,
            f"{name}_max_logit_diff": self.max_logit_diff,
            f"{name}_max_logprob_diff": self.max_logprob_diff,
            f"{name}_kl": self.total_kl / self.num_positions,
        }


def largest_difference(expected: NDArray[np.floating], found: NDArray[np.floating]) -> float:
    """Largest absolute difference; infinite when a value is not a number."""
    largest = float(np.abs(expected.astype(np.float64) - found).max())
    return largest if np.isfinite(largest) else float("inf")


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log-probabilities [tokens, vocab] in double precision."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    log_sums: NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted - log_sums
