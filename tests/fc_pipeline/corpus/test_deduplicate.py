"""Planted duplicates against their exact Jaccard similarity."""

import random

import pytest
from factories.documents import clusters, ids, records
from factories.near_texts import planted, random_text, true_jaccard, vary


def test_planted_pairs(dedup) -> None:
    """Of pairs at Jaccard 0.5 to 0.95: those from 0.8 on are found, those below stay."""
    texts, truth = planted(num_pairs=200, num_alone=30)
    artifact = dedup(texts)
    kept = set(ids(artifact))
    dropped = {record["id"]: record for record in records(artifact, "dropped/near_duplicate")}
    assert kept | set(dropped) == set(texts) and not kept & set(dropped)

    for name, record in dropped.items():
        assert truth[name] >= 0.8, "nothing distinct is removed: each candidate is verified"
        assert record["duplicate_of"] == name.removesuffix("-near")
        assert record["jaccard"] == pytest.approx(truth[name], abs=1e-4)
    similar = [name for name, jaccard in truth.items() if jaccard >= 0.8]
    assert len(similar) > 50
    assert len(set(similar) & set(dropped)) >= 0.98 * len(similar)


def test_duplicate_of(dedup) -> None:
    text = random_text(random.Random(1))
    near = vary(text, 0.95, random.Random(2))
    texts = {"a": text, "b": near, "c": text.upper().replace(" ", "\n "), "d": "alone " * 30, "e": near.title()}
    artifact = dedup(texts)
    jaccard = round(true_jaccard(text, near), 4)
    assert records(artifact, "duplicates") == [
        {"id": "b", "reason": "near_duplicate", "duplicate_of": "a", "dump": None, "jaccard": jaccard},
        {"id": "c", "reason": "exact_duplicate", "duplicate_of": "a", "dump": None, "jaccard": 1.0},
        {"id": "e", "reason": "near_duplicate", "duplicate_of": "a", "dump": None, "jaccard": jaccard},
    ]
    assert clusters(artifact) == {"a": "a", "d": "d"}
    (dropped,) = records(artifact, "dropped/exact_duplicate")
    assert (dropped["id"], dropped["duplicate_of"]) == ("c", "a")


def test_chain_of_changes(dedup) -> None:
    """a~b~c~d by steps, but a and d differ: what is kept never has a kept twin, and no removal is by hearsay."""
    rng = random.Random(5)
    chain = [random_text(rng, 400)]
    while len(chain) < 6:
        chain.append(vary(chain[-1], 0.86, rng))
    texts = {f"d{number}": text for number, text in enumerate(chain)}
    artifact = dedup(texts, num_buckets=40, hashes_per_bucket=4)
    kept = ids(artifact)
    assert len(kept) > 1
    for one in kept:
        for other in kept:
            assert one == other or true_jaccard(texts[one], texts[other]) < 0.8
    for record in records(artifact, "dropped/near_duplicate"):
        assert true_jaccard(record["text"], texts[record["duplicate_of"]]) >= 0.79


def test_workers_and_earlier_attempt(dedup, corpus, monkeypatch) -> None:
    monkeypatch.setattr("fc_pipeline.corpus.dedup.signed_documents._CHUNK_CHARS", 200_000)
    documents = corpus(planted(num_pairs=200, num_alone=30)[0])
    assert dedup(documents, workers=1).digest == dedup(documents, workers=2).digest

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("fc_pipeline.corpus.deduplicate._write_documents", stop)
        with pytest.raises(KeyboardInterrupt):
            dedup(documents, seed=2)
    again = dedup(documents, seed=2)
    assert again.manifest.counters.dropped["near_duplicate"] > 25
    assert not (again.folder / "workspace").exists()


@pytest.mark.parametrize("texts", [{}, {"a": "hi"}, {"a": "hi", "b": "hi there"}])
def test_nothing_and_almost_nothing(dedup, texts) -> None:
    assert ids(dedup(texts)) == list(texts)
