"""Which images a mixture takes, and in which order: every stretch of it has the mix, within the caps."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

from fc_model.errors import UserError
from fc_pipeline.images.pack_config import PackConfig

NATURAL = "natural"


class Row(NamedTuple):
    """A sample, as the mixture sees it."""

    role: str
    """Input that it comes from."""
    split: str
    """Split of that input."""
    number: int
    """Within that split."""
    kind: str
    family: str
    rule: int
    """Of the configuration's `take`."""
    tokens: int
    """Vision tokens."""
    digests: tuple[bytes, ...]
    """sha256 of each image."""


def interleave(rows: Iterable[Row], *, seed: str) -> list[Row]:
    """Each kind in a seeded order, and the kinds spread evenly over the whole.

    The i-th of n samples of a kind has its place at (i + 1/2) / n, so that in any prefix each kind is at most one
    sample off its share.
    """
    kinds = defaultdict(list)
    for row in rows:
        kinds[row.kind].append(row)
    placed = []
    for kind, members in sorted(kinds.items()):
        Random(f"{seed}/{kind}").shuffle(members)
        placed += [((place + 0.5) / len(members), kind, row) for place, row in enumerate(members)]
    return [row for _, _, row in sorted(placed, key=lambda entry: entry[:2])]


def choose(rows: Sequence[Row], config: PackConfig, *, split: str) -> list[Row]:
    """The rows that the rules take, those of a rule evenly from its kinds.

    Raises:
        UserError: the rules with a weight ask for more than there is.
    """
    by_rule: dict[int, list[Row]] = {number: [] for number in range(len(config.take))}
    for row in rows:
        by_rule[row.rule].append(row)
    chosen = []
    for number, members in by_rule.items():
        rule = config.take[number]
        quota = config.quota(number) if split == "train" else rule.holdout_samples
        if split == "train" and rule.weight is not None and quota is not None and len(members) < quota:
            raise UserError(
                f"images: {rule.kind!r} of {rule.input!r} has {len(members):,} samples of the {quota:,} that its "
                f"weight asks for; add images, lower its weight, or lower `samples` from {config.samples:,}"
            )
        chosen += interleave(members, seed=f"{config.seed}/{split}/choose")[:quota]
    return chosen


def natural_share(rows: Sequence[Row]) -> float:
    """Share of the vision tokens that are of natural images; the others are text-heavy. 0 for no rows."""
    natural = sum(row.tokens for row in rows if row.family == NATURAL)
    return natural / max(1, sum(row.tokens for row in rows))


def within_caps(rows: Sequence[Row], config: PackConfig) -> list[Row]:
    """The rows without the last natural ones that go beyond the caps, in the same order.

    With T tokens of text-heavy images and natural ones of at most the share c, c / (1 - c) T natural tokens fit.

    Raises:
        UserError: natural images are capped, and there is nothing else.
    """
    cap = min(config.max_natural_share, 1 - config.min_text_share)
    text = sum(row.tokens for row in rows if row.family != NATURAL)
    if cap == 1 or text == sum(row.tokens for row in rows):
        return list(rows)
    if text == 0:
        raise UserError(
            f"images: all {len(rows):,} training images are natural, but at most {cap:.0%} of the vision tokens may "
            "be; add images with text (lines, documents), or raise max_natural_share and lower min_text_share"
        )
    kept, natural = [], 0
    for row in rows:
        if row.family == NATURAL:
            # Compared as the share itself, so that what is kept passes a gate on the same number.
            if natural + row.tokens > cap * (natural + row.tokens + text):
                continue
            natural += row.tokens
        kept.append(row)
    return kept
