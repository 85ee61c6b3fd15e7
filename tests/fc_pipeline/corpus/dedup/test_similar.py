"""What a text is nearly equal to, by datasketch on the stored indexes."""

import random

import datasketch
import numpy as np
import pytest
from factories.near_texts import planted, random_text, true_jaccard, vary

from fc_model.errors import UserError
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.minhash import fold, sign
from fc_pipeline.corpus.dedup.shingles import shingle
from fc_pipeline.corpus.dedup.similar import detection_odds, find_similar, sketch


def test_signatures_are_datasketchs() -> None:
    """Folded into bands, its hash values of the same shingles are the keys of the index."""
    rng = random.Random(1)
    texts = [random_text(rng, length) for length in (5, 40, 900)]
    chosen = DedupConfig(num_buckets=7, hashes_per_bucket=3, seed=4)
    expected = sign(chosen, texts).bands
    for row, text in enumerate(texts):
        minhash = sketch(shingle([text], ngram=5).hashes, num_perm=21, seed=4)
        assert isinstance(minhash, datasketch.MinHash) and minhash.hashvalues.dtype == np.uint32
        assert (fold(minhash.hashvalues.reshape(-1, 1), rows=3, seed=4)[:, 0] == expected[:, row]).all()


def test_planted_texts_are_found_with_their_similarity(dedup) -> None:
    """Of texts at Jaccard 0.5 to 0.95, as many as the bands promise, each with its true similarity, and no other."""
    texts, truth = planted(num_pairs=100, num_alone=30)
    originals = {name: text for name, text in texts.items() if not name.endswith("-near")}
    dumps = {"base": dedup(originals)}
    hit_at = {}
    for name, jaccard in truth.items():
        hits, total = find_similar(dumps, texts[name], at_least=0.5, most=10)
        assert len(hits) == total <= 1
        for hit in hits:
            assert (hit.id, hit.state, hit.dump) == (name.removesuffix("-near"), "kept", "base")
            assert hit.jaccard == pytest.approx(jaccard, abs=1e-6)
            hit_at[name] = jaccard
    sure = [name for name, jaccard in truth.items() if jaccard >= 0.75]
    assert len(sure) > 25 and set(sure) <= set(hit_at)
    odds = [detection_odds(dumps["base"], jaccard) for jaccard in truth.values()]
    assert len(hit_at) == pytest.approx(sum(odds), abs=3 * sum(p * (1 - p) for p in odds) ** 0.5)
    assert find_similar(dumps, random_text(random.Random(9)), at_least=0.01, most=10) == ([], 0)


def test_dumps_duplicates_and_what_was_taken_down(dedup) -> None:
    """A later dump, what it dropped because of the first one, and a removed document are all compared."""
    rng = random.Random(3)
    text, other = random_text(rng), random_text(rng)
    near, later = vary(text, 0.9, rng), vary(text, 0.7, rng)
    first = dedup({"a": text, "A": text.upper(), "gone": other}, removed=["gone"])
    second = dedup({"b": near, "c": later, "d": random_text(rng)}, {"base": first}, removed=["gone"])
    dumps = {"base": first, "may": second}

    hits, total = find_similar(dumps, near, at_least=0.5, most=10)
    near_a, near_c = true_jaccard(near, text), true_jaccard(near, later)
    assert [(hit.id, hit.dump, hit.state, hit.duplicate_of) for hit in hits] == [
        ("b", "may", "near_duplicate", "a"),
        ("a", "base", "kept", None),
        ("A", "base", "exact_duplicate", "a"),
        ("c", "may", "kept", None),
    ]
    assert [hit.jaccard for hit in hits] == pytest.approx([1, near_a, near_a, near_c]) and total == 4
    assert {(hit.source, hit.licence) for hit in hits} == {("demo", "MIT")}
    assert find_similar(dumps, near, at_least=0.5, most=2) == (hits[:2], 4)
    assert find_similar(dumps, near, at_least=0.95, most=2) == (hits[:1], 1)
    ((gone,), _) = find_similar(dumps, other, at_least=0.5, most=10)
    assert (gone.id, gone.state, gone.jaccard, gone.licence) == ("gone", "taken_down", 1.0, "MIT")


def test_settings_are_those_of_the_index(dedup) -> None:
    """N-grams, bands and seed; a text of fewer words, and a single band, are refused; an empty index has nothing."""
    texts = {"a": "one two three four", "b": "hi"}
    dumps = {"base": dedup(texts, ngram=2, num_buckets=30, hashes_per_bucket=2, seed=9)}
    assert [hit.id for hit in find_similar(dumps, "One two three.", at_least=0.6, most=1)[0]] == ["a"]
    with pytest.raises(UserError, match="the text has fewer than 2 words"):
        find_similar(dumps, "one", at_least=0.5, most=1)
    single = dedup({"a": "one two three four five"}, num_buckets=1)
    with pytest.raises(UserError, match="num_buckets of this corpus is 1"):
        find_similar({"base": single}, "one two three four five", at_least=0.5, most=1)
    empty = {"base": dedup({})}
    assert find_similar(empty, "one two three four five", at_least=0.5, most=1) == ([], 0)
