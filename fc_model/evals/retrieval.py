"""Retrieval between images and texts: is the partner among the k nearest of all?"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_ROWS = 1024  # similarities are computed for so many queries at once
_TIE = 1e-9  # cosines that differ by less are equal: sums of products are rounded differently by place

Embeddings = NDArray[np.floating]


def recall(images_ND: Embeddings, texts_ND: Embeddings, *, ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """Share of the queries whose partner is among the k nearest by cosine, in both directions.

    A tie counts against the partner: embeddings that are all equal score no better than chance. (Chance is k / N.)

    Args:
        images_ND: an embedding for each of N images; their lengths do not matter.
        texts_ND: of the text of the same image in the same place.
        ks: how many of the nearest count.

    Returns:
        For each k `image_to_text_recall_at_<k>`, `text_to_image_recall_at_<k>` and `chance_at_<k>`.

    Raises:
        ValueError: the arrays do not fit each other, are empty, or hold NaN or infinity.
    """
    if images_ND.ndim != 2 or images_ND.shape != texts_ND.shape or not len(images_ND):
        raise ValueError(f"embeddings of shapes {images_ND.shape} and {texts_ND.shape}: both must be (N, D), N > 0")
    images, texts = _unit(images_ND), _unit(texts_ND)
    shares: dict[str, float] = {}
    for name, ranks in (("image_to_text", _ranks(images, texts)), ("text_to_image", _ranks(texts, images))):
        shares |= {f"{name}_recall_at_{k}": float((ranks < k).mean()) for k in ks}
    return shares | {f"chance_at_{k}": min(1.0, k / len(images)) for k in ks}


def _unit(embeddings_ND: Embeddings) -> NDArray[np.float64]:
    """Rows of length 1; a row of zeros stays one."""
    rows = embeddings_ND.astype(np.float64)
    if not np.isfinite(rows).all():
        raise ValueError("embeddings hold NaN or infinity")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)


def _ranks(queries_ND: NDArray[np.float64], targets_ND: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many other targets are at least as near to each query as its partner, shape (N,)."""

    def by_chunk() -> Iterator[NDArray[np.int64]]:
        for start in range(0, len(queries_ND), _ROWS):
            scores = queries_ND[start : start + _ROWS] @ targets_ND.T
            own = scores[np.arange(len(scores)), np.arange(start, start + len(scores))]
            yield (scores >= own[:, None] - _TIE).sum(axis=1) - 1

    return np.concatenate(list(by_chunk()))
