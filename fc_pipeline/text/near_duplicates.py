"""Decides, by the true Jaccard similarity of shingles, which texts of a candidate group are near-duplicates."""

from typing import TYPE_CHECKING, NamedTuple

from fc_pipeline.text.config import DedupConfig
from fc_pipeline.text.minhash import shingles

if TYPE_CHECKING:
    import numpy as np


class Duplicate(NamedTuple):
    """Row `row` goes because row `kept` stays, to which it has this Jaccard similarity."""

    row: int
    kept: int
    jaccard: float


def verify_group(config_json: str, group: list[tuple[int, str]]) -> list[Duplicate]:
    """The duplicates in a group of (row, text), in the order of rows.

    In order, each text is compared with those kept so far: it goes if it is similar enough to one of them, and
    stays otherwise. So every removed text has a kept one that it truly resembles, and no two kept texts of the
    group resemble each other that much; chains of small differences remove nothing.
    """
    threshold = DedupConfig.model_validate_json(config_json).jaccard
    kept: list[tuple[int, np.ndarray]] = []
    duplicates = []
    for row, text in group:
        mine = shingles(text, config_json)
        best, original = max(((jaccard(mine, theirs), -other) for other, theirs in kept), default=(0.0, 0))
        if best >= threshold:
            duplicates.append(Duplicate(row, -original, round(best, 4)))
        else:
            kept.append((row, mine))
    return duplicates


def jaccard(first: "np.ndarray", second: "np.ndarray") -> float:
    """|A and B| / |A or B| of two sorted arrays of unique hashes; 0 for two empty ones."""
    import numpy as np

    smaller, larger = sorted((len(first), len(second)))
    if larger == 0:
        return 0.0
    common = len(np.intersect1d(first, second, assume_unique=True))
    return common / (smaller + larger - common)
