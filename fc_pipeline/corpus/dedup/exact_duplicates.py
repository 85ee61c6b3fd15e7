"""Exact duplicates: equal texts up to case and white space, known by their digests of 128 bits."""

import numpy as np


def first_rows(digests: np.ndarray) -> np.ndarray:
    """int64 [N]: for each row of uint64 [N, 2] the first row that is equal to it; itself when it is the first."""
    if not len(digests):
        return np.empty(0, np.int64)
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: of equal ones the first comes first
    ranked = digests[order]
    new = np.concatenate(([True], (ranked[1:] != ranked[:-1]).any(axis=1)))
    first = np.empty(len(digests), np.int64)
    first[order] = order[np.flatnonzero(new)[np.cumsum(new) - 1]]
    return first
