"""The order in which documents are packed, so that every prefix has the asked mix of domains."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, field_validator

from fc_model.errors import UserError


class MixtureConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    tokens: int = Field(gt=0, description="Tokens of the packed training split.")
    weights: dict[str, float] = Field(min_length=1, description="Share of each domain in the tokens; normalised.")
    max_epochs: float = Field(
        default=1.0, gt=0, description="How often a document of a small domain may come; more is refused."
    )
    max_passes: float = Field(default=1.0, gt=0, description="How often the stages may go over the packed split.")
    shard_tokens: int = Field(default=50_000_000, gt=0, description="Tokens of one file.")
    seed: int = Field(default=0, ge=0, description="Of the order of the documents.")

    @field_validator("weights")
    @classmethod
    def _positive(cls, weights: dict[str, float]) -> dict[str, float]:
        wrong = [domain for domain, weight in weights.items() if weight <= 0]
        if wrong:
            raise ValueError(f"weights of {', '.join(wrong)} are not positive: leave a domain out by null")
        return weights

    @property
    def shares(self) -> dict[str, float]:
        """The weights, normalised to a sum of 1."""
        total = sum(self.weights.values())
        return {domain: weight / total for domain, weight in sorted(self.weights.items())}


@dataclass(frozen=True)
class Mixture:
    """Documents in the order of packing, as indices into the list that was mixed."""

    order: list[int]
    tokens: dict[str, int]
    """Tokens of each domain in the order."""
    epochs: dict[str, float]
    """Tokens taken over tokens there are: how often a document of the domain comes on average."""

    @property
    def realised(self) -> dict[str, float]:
        """Share of each domain in the tokens."""
        total = sum(self.tokens.values())
        return {domain: tokens / total for domain, tokens in self.tokens.items()}


def mix(domains: Sequence[str], lengths: Sequence[int], config: MixtureConfig) -> Mixture:
    """Order documents so that the tokens of every prefix are split among the domains as asked.

    The next document always comes from the domain that is furthest behind its share; within a domain documents
    come in a seeded permutation, a new one each epoch. It ends when the token budget is reached.

    Args:
        domains: domain of each document.
        lengths: its tokens.

    Raises:
        UserError: a domain of the weights has no documents, or too few for its share within max_epochs.
    """
    shares = config.shares
    members: dict[str, list[int]] = {domain: [] for domain in shares}
    available = dict.fromkeys(shares, 0)
    for index, domain in enumerate(domains):
        if domain in members:
            members[domain].append(index)
            available[domain] += lengths[index]
    _check(shares, available, config)

    streams = {domain: _epochs(members[domain], domain, config.seed) for domain in shares}
    taken = dict.fromkeys(shares, 0)
    order: list[int] = []
    total = 0
    while total < config.tokens:
        domain = min(shares, key=lambda name: (taken[name] / shares[name], name))
        index = next(streams[domain])
        order.append(index)
        taken[domain] += lengths[index]
        total += lengths[index]
    return Mixture(order, taken, {domain: taken[domain] / available[domain] for domain in shares})


def _check(shares: Mapping[str, float], available: Mapping[str, int], config: MixtureConfig) -> None:
    for domain, share in shares.items():
        wanted = share * config.tokens
        if wanted > available[domain] * config.max_epochs:
            largest = min(available[name] * config.max_epochs / part for name, part in shares.items())
            raise UserError(
                f"mixture: {domain} has {available[domain]:,} tokens, {wanted:,.0f} are asked of it, which is more than "
                f"max_epochs ({config.max_epochs:g}): add sources, raise max_epochs, or set mixture.tokens to at most "
                f"{largest:,.0f}"
            )


def _epochs(members: list[int], domain: str, seed: int) -> Iterator[int]:
    epoch = 0
    while True:
        shuffled = list(members)
        random.Random(f"{seed} {domain} {epoch}").shuffle(shuffled)
        yield from shuffled
        epoch += 1
