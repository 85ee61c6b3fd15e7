"""Choice, repetition and order of the documents in the shards, so that every stretch has the track's mix."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fc_model.errors import UserError
from fc_pipeline.tokens.mixture_config import shares


@dataclass(frozen=True)
class Taken:
    """The beginning of a domain's endless sequence of documents that earlier splits used."""

    documents: int = 0
    tokens: int = 0


@dataclass(frozen=True)
class Mixture:
    """A chosen order of documents."""

    order: NDArray[np.int64]
    """Document numbers in the order of the shards, repeats included."""
    tokens: dict[str, int]
    """Tokens by domain in that order."""
    epochs: dict[str, float]
    """Used tokens of a domain, earlier splits included, over its tokens; above 1, documents are repeated."""
    taken: dict[str, Taken]
    """By domain, earlier splits included."""


def mix(
    lengths: Mapping[str, NDArray[np.int64]],
    numbers: Mapping[str, NDArray[np.int64]],
    *,
    weights: Mapping[str, float],
    tokens: int,
    max_epochs: float,
    seed: int,
    taken: Mapping[str, Taken] | None = None,
) -> Mixture:
    """Choose documents for `tokens` tokens in the proportions of `weights`.

    Each domain's documents come in a seeded order, all of them before any repeats, and a later split continues where an
    earlier one ended. A document's place is the share of its domain's quota before the document's middle (weighted fair
    queueing, Demers et al. 1989), so any prefix is off the mix by at most the longest document of each domain.

    Args:
        lengths: tokens of each document by domain.
        numbers: the numbers of the same documents, by domain; the order consists of them.
        taken: what earlier splits used, by domain.

    Raises:
        UserError: a domain is too small even when every document comes `max_epochs` times.
    """
    parts = shares(weights)
    available = {domain: int(lengths[domain].sum()) if domain in lengths else 0 for domain in parts}
    before = {domain: (taken or {}).get(domain, Taken()) for domain in sorted({*weights, *(taken or {})})}
    _check_enough(available, parts, tokens=tokens, max_epochs=max_epochs, before=before)
    places: list[NDArray[np.float64]] = []
    chosen: list[NDArray[np.int64]] = []
    counts: dict[str, int] = {}
    after = dict(before)
    for domain, share in parts.items():
        quota = tokens * share
        documents = _repeat(
            lengths[domain], tokens=quota, skip=before[domain].documents, entropy=[seed, sorted(lengths).index(domain)]
        )
        sizes = lengths[domain][documents]
        ends = np.cumsum(sizes)
        middles = ends - sizes / 2
        # The last document is taken if more than half of it fits: no domain is off by more than half a document.
        count = int(np.searchsorted(middles, quota))
        places.append(middles[:count] / share)
        chosen.append(numbers[domain][documents[:count]])
        counts[domain] = int(ends[count - 1]) if count else 0
        after[domain] = Taken(before[domain].documents + count, before[domain].tokens + counts[domain])
    rank = np.concatenate([np.full(len(place), index) for index, place in enumerate(places)])
    order = np.concatenate(chosen)[np.lexsort((rank, np.concatenate(places)))]
    return Mixture(
        order=order,
        tokens=counts,
        epochs={domain: after[domain].tokens / available[domain] for domain in parts},
        taken=after,
    )


def mix_error(tokens: Mapping[str, int], weights: Mapping[str, float]) -> float:
    """The largest distance of a domain's share of the tokens from its weight, in percentage points."""
    parts, total = shares(weights), sum(tokens.values())
    return max(abs(tokens.get(domain, 0) / max(total, 1) - share) for domain, share in parts.items()) * 100


def _repeat(lengths: NDArray[np.int64], *, tokens: float, skip: int, entropy: list[int]) -> NDArray[Any]:
    """Indices of documents with at least `tokens` tokens, and one more, epoch after epoch, each in its own order.

    The sequence has no end and is a function of `entropy` alone; its first `skip` documents are left out.
    """
    begun = skip // len(lengths)
    num_epochs = begun + 1 + int(tokens // lengths.sum()) + (skip > 0)
    generator = np.random.default_rng(entropy)
    return np.concatenate([generator.permutation(len(lengths)) for _ in range(num_epochs)])[skip:]


def _check_enough(
    available: Mapping[str, int],
    parts: Mapping[str, float],
    *,
    tokens: int,
    max_epochs: float,
    before: Mapping[str, Taken],
) -> None:
    left = {domain: available[domain] * max_epochs - before[domain].tokens for domain in parts}
    short = [
        f"{domain} has {available[domain]:,} of {before[domain].tokens + tokens * share:,.0f}"
        for domain, share in parts.items()
        if left[domain] < tokens * share
    ]
    if short:
        most = min(max(0, int(left[domain] / share)) for domain, share in parts.items())
        raise UserError(
            f"mixture: not enough tokens even if every document comes {max_epochs:g} times: {'; '.join(short)}; add "
            f"documents, raise mixture.max_epochs, or lower mixture.tokens from {tokens:,} to {most:,} or less"
        )
