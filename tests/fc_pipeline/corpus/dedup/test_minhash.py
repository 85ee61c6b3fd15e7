import random

import numpy as np
import pytest
from factories.near_texts import random_text, true_jaccard, vary

from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup import minhash
from fc_pipeline.corpus.dedup.minhash import sign


def agreement(texts: list[str], config: DedupConfig) -> float:
    """Share of the bands in which each even text agrees with the odd one behind it."""
    bands = sign(config, texts).bands
    return float(np.mean(bands[:, 0::2] == bands[:, 1::2]))


@pytest.mark.parametrize("similarity", [0.3, 0.6, 0.9])
def test_agreement_is_jaccard(similarity: float) -> None:
    """One row a band: the share of equal bands is the Jaccard similarity; with rows together its power."""
    rng = random.Random(3)
    texts = []
    for _ in range(60):
        text = random_text(rng)
        texts += [text, vary(text, similarity, rng)]
    true = np.mean([true_jaccard(one, two) for one, two in zip(texts[::2], texts[1::2], strict=True)])
    single = agreement(texts, DedupConfig(num_buckets=200, hashes_per_bucket=1))
    assert single == pytest.approx(true, abs=0.02)
    assert agreement(texts, DedupConfig(num_buckets=200, hashes_per_bucket=3)) == pytest.approx(true**3, abs=0.03)


def test_hashes_independent() -> None:
    """The share of equal hashes of one pair scatters as independent draws would, not more."""
    rng = random.Random(4)
    text = random_text(rng)
    other = vary(text, 0.5, rng)
    shares = [agreement([text, other], DedupConfig(num_buckets=100, hashes_per_bucket=1, seed=s)) for s in range(60)]
    assert np.std(shares) == pytest.approx(0.05, rel=0.35)
    assert np.mean(shares) == pytest.approx(true_jaccard(text, other), abs=0.03)


def test_bands_depend_on_text_and_seed(monkeypatch) -> None:
    rng = random.Random(5)
    texts = [random_text(rng, length) for length in (3, 400, 5, 4, 700, 0, 90, 20)]
    config = DedupConfig()
    together = sign(config, texts)
    assert (sign(config.model_copy(update={"seed": 2}), texts).bands != together.bands)[:, 1].all()
    monkeypatch.setattr(minhash, "_BLOCK", 50)
    apart = sign(config, texts)
    with_shingles = together.shingles.counts > 0
    assert with_shingles.tolist() == [False, True, True, False, True, False, True, True]
    assert (together.bands == apart.bands).all()
    for row, text in enumerate(texts):
        assert (sign(config, [text]).bands[:, 0] == together.bands[:, row]).all()
