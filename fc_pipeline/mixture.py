"""Which documents the shards hold, how often, and in which order: so that every stretch has the track's mix."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from fc_model.errors import UserError


class MixtureConfig(BaseModel):
    """What the shards of a track hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    tokens: int = Field(gt=0, description="Tokens of the training split.")
    weights: dict[str, float] = Field(
        min_length=1, description="Share of the tokens by domain, in any unit; they are normalised."
    )
    max_epochs: float = Field(
        default=1.0, ge=1, description="How often a document may come at most, where its domain is too small."
    )
    max_passes: float = Field(default=1.0, gt=0, description="How often the stages together may go over the shards.")
    shard_tokens: int = Field(default=100_000_000, gt=0, description="Tokens a file; the last document fills it up.")
    seed: int = Field(default=0, ge=0, description="Changes the order of the documents.")

    @field_validator("weights")
    @classmethod
    def _positive(cls, weights: dict[str, float]) -> dict[str, float]:
        for domain, weight in weights.items():
            if weight < 0:
                raise ValueError(f"{domain}: a weight is 0 or more, not {weight:g}")
        if not any(weights.values()):
            raise ValueError("all weights are 0: give at least one domain a share")
        return weights


@dataclass(frozen=True)
class Mixture:
    """A chosen order of documents."""

    order: NDArray[np.int64]
    """Document numbers in the order of the shards, repeats included."""
    tokens: dict[str, int]
    """Tokens by domain in that order."""
    epochs: dict[str, float]
    """Tokens taken of a domain over tokens that it has; above 1 documents are repeated."""


def shares(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights as parts of 1, without the domains of weight 0, by name."""
    total = sum(weights.values())
    return {domain: weights[domain] / total for domain in sorted(weights) if weights[domain] > 0}


def mix(
    lengths: Mapping[str, NDArray[np.int64]],
    numbers: Mapping[str, NDArray[np.int64]],
    *,
    weights: Mapping[str, float],
    tokens: int,
    max_epochs: float,
    seed: int,
) -> Mixture:
    """Choose documents for `tokens` tokens in the proportions of `weights`.

    Each domain's documents come in a seeded order, all of them before any comes again. Then a document's place is the
    share of its domain's quota that lies before its middle (weighted fair queueing, Demers et al. 1989), so that any
    prefix is off the mix by no more than the longest document of each domain.

    Args:
        lengths: tokens of each document by domain.
        numbers: the same documents' numbers, which the order is made of.

    Raises:
        UserError: a domain is too small even when every document comes `max_epochs` times.
    """
    parts = shares(weights)
    available = {domain: int(lengths[domain].sum()) if domain in lengths else 0 for domain in parts}
    _check_enough(available, parts, tokens=tokens, max_epochs=max_epochs)
    places: list[NDArray[np.float64]] = []
    chosen: list[NDArray[np.int64]] = []
    taken: dict[str, int] = {}
    for index, (domain, share) in enumerate(parts.items()):
        quota = tokens * share
        documents = _repeat(lengths[domain], tokens=quota, entropy=[seed, index])
        sizes = lengths[domain][documents]
        ends = np.cumsum(sizes)
        middles = ends - sizes / 2
        # The last document is taken if more than half of it fits: no domain is off by more than half a document.
        count = int(np.searchsorted(middles, quota))
        places.append(middles[:count] / share)
        chosen.append(numbers[domain][documents[:count]])
        taken[domain] = int(ends[count - 1]) if count else 0
    rank = np.concatenate([np.full(len(place), index) for index, place in enumerate(places)])
    order = np.concatenate(chosen)[np.lexsort((rank, np.concatenate(places)))]
    return Mixture(
        order=order,
        tokens=taken,
        epochs={domain: taken[domain] / available[domain] for domain in parts},
    )


def mix_error(tokens: Mapping[str, int], weights: Mapping[str, float]) -> float:
    """The largest distance of a domain's share of the tokens from its weight, in percentage points."""
    parts, total = shares(weights), sum(tokens.values())
    return max(abs(tokens.get(domain, 0) / max(total, 1) - share) for domain, share in parts.items()) * 100


def _repeat(lengths: NDArray[np.int64], *, tokens: float, entropy: list[int]) -> NDArray[Any]:
    """Indices of documents that hold at least `tokens` and the next one, epoch after epoch, each in its own order."""
    num_epochs = int(tokens // lengths.sum()) + 1
    generator = np.random.default_rng(entropy)
    return np.concatenate([generator.permutation(len(lengths)) for _ in range(num_epochs)])


def _check_enough(available: Mapping[str, int], parts: Mapping[str, float], *, tokens: int, max_epochs: float) -> None:
    short = [
        f"{domain} has {available[domain]:,} of {tokens * share:,.0f}"
        for domain, share in parts.items()
        if available[domain] * max_epochs < tokens * share
    ]
    if short:
        most = min(int(available[domain] * max_epochs / share) for domain, share in parts.items())
        raise UserError(
            f"mixture: not enough tokens even if every document comes {max_epochs:g} times: {'; '.join(short)}; add "
            f"documents, raise mixture.max_epochs, or lower mixture.tokens from {tokens:,} to {most:,} or less"
        )
