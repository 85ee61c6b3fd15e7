"""The stored index, read here by its documented format."""

import json
import random
from itertools import pairwise

import numpy as np
import pytest
from factories.near_texts import random_text, vary

from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.duplicate_index import KEPT_PART, TAKEN_DOWN_PART, lookup, open_index, packed
from fc_pipeline.corpus.dedup.minhash import sign

CONFIG = DedupConfig(removed=["c"])


@pytest.fixture
def built(dedup):
    rng = random.Random(1)
    text = random_text(rng)
    texts = {"a": text, "b": text.upper(), "c": random_text(rng), "d": vary(text, 0.7, rng), "e": "no shingle"}
    texts["f"] = random_text(rng)
    return texts, dedup(texts, removed=["c"])


def test_index_layout(built) -> None:
    texts, artifact = built
    about = json.loads(artifact.path("index.json").read_text())
    data = artifact.path("index.bin").read_bytes()
    kept = ["a", "d", "e", "f"]
    assert about["documents"] == len(kept) and about["sources"] == ["demo"]

    def section(name: str, dtype: str) -> np.ndarray:
        return np.frombuffer(data, dtype, **about["sections"][name])

    signed = sign(CONFIG, [texts[name] for name in kept])
    assert section("shingles", "<u4").tolist() == signed.shingles.hashes.tolist()
    assert np.diff(section("shingle_starts", "<i8")).tolist() == signed.shingles.counts.tolist()
    with_shingles = [0, 1, 3]
    for band, keys in zip(section("bands", "<u8").reshape(20, -1), signed.bands, strict=True):
        assert band.tolist() == sorted(int(keys[number]) << 32 | number for number in with_shingles)
    upper, lower = section("digests", "<u8").reshape(2, -1)
    documents = section("digest_documents", "<u4")
    assert upper.tolist() == sorted(upper.tolist())
    assert signed.shingles.digests[documents].tolist() == np.stack([upper, lower], axis=1).tolist()
    names, starts = bytes(section("names", "u1")), section("name_starts", "<i8")
    assert [names[low:high].decode() for low, high in pairwise(starts)] == kept
    assert section("clusters", "<u4").tolist() == [0, 0, 2, 3], "d resembles a"
    assert section("sources", "<u2").tolist() == [0, 0, 0, 0]
    per_document = len(data) - sum(4 * signed.shingles.counts) - len(names) - 3 * 160
    assert per_document <= 4 * 42 + 2 * 8 + 9 * 7, "42 bytes each, the ends of two lists of starts, and alignment"


def test_lookups(built) -> None:
    texts, artifact = built
    index = open_index(artifact, KEPT_PART, dump="1", config=CONFIG)
    assert len(index) == 4 and [index.name(number) for number in range(4)] == ["a", "d", "e", "f"]
    digests = sign(CONFIG, [texts["f"], "unknown", texts["a"].title(), texts["c"], "NO  shingle"]).shingles.digests
    assert index.equal(digests).tolist() == [3, -1, 0, -1, 2]
    taken_down = open_index(artifact, TAKEN_DOWN_PART, dump="1", config=CONFIG)
    assert taken_down.equal(digests).tolist() == [-1, -1, -1, 0, -1] and taken_down.name(0) == "c"
    assert index.shingles.row(3).tolist() == sign(CONFIG, [texts["f"]]).shingles.hashes.tolist()
    assert len(index.shingles.row(2)) == 0


def test_index_empty(dedup) -> None:
    artifact = dedup({}, removed=["c"])
    for part in (KEPT_PART, TAKEN_DOWN_PART):
        index = open_index(artifact, part, dump="1", config=CONFIG)
        assert len(index) == 0 and index.equal(np.ones((2, 2), np.uint64)).tolist() == [-1, -1]
        assert index.band(19).tolist() == []


def test_lookup_first_numbers() -> None:
    largest = 2**32 - 1
    band = packed(np.array([5, largest, 5, 0, 5, largest]), np.array([7, 1, 3, 2, 9, largest]))
    place, number = lookup(np.array([0, 4, 5, largest], np.uint32), band, np.array([9, 9, 2, 9]))
    assert list(zip(place.tolist(), number.tolist(), strict=True)) == [(0, 2), (2, 3), (2, 7), (3, 1), (3, largest)]
