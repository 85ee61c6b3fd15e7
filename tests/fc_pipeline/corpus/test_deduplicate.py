"""Planted duplicates against their exact Jaccard similarity."""

import random
from functools import lru_cache

import pytest
from factories.near_texts import planted, random_text, true_jaccard, vary

from fc_model.artifacts import read_records
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.deduplicate import deduplicate


def config(**fields) -> dict:
    return DedupConfig(**fields).model_dump(mode="json")


@lru_cache(maxsize=1)
def pairs() -> tuple[dict[str, str], dict[str, float]]:
    return planted(num_pairs=600, num_alone=100)


def test_planted_pairs(run_step, corpus) -> None:
    """Of pairs at Jaccard 0.5 to 0.95: those from 0.8 on are found, those below stay."""
    texts, truth = pairs()
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", config(), documents=corpus(texts))
    kept = {record["id"] for record in read_records(artifact.path("documents.jsonl.zst"))}
    dropped = {record["id"]: record for record in read_records(artifact.path("dropped/near_duplicate.jsonl.zst"))}
    assert kept | set(dropped) == set(texts) and not kept & set(dropped)

    for name, record in dropped.items():
        assert truth[name] >= 0.8, "nothing distinct is removed: each candidate is verified"
        assert record["duplicate_of"] == name.removesuffix("-near")
        assert record["jaccard"] == pytest.approx(truth[name], abs=1e-4)
    similar = [name for name, jaccard in truth.items() if jaccard >= 0.8]
    assert len(similar) > 150
    assert len(set(similar) & set(dropped)) >= 0.98 * len(similar)


def test_fewer_bands_find_fewer_as_the_formula_says(run_step, corpus) -> None:
    texts, truth = pairs()
    chosen = config(num_buckets=4, hashes_per_bucket=8)
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", chosen, documents=corpus(texts))
    dropped = {record["id"] for record in read_records(artifact.path("dropped/near_duplicate.jsonl.zst"))}
    odds = [1 - (1 - jaccard**8) ** 4 for jaccard in truth.values() if jaccard >= 0.8]
    spread = sum(p * (1 - p) for p in odds) ** 0.5
    assert len(dropped) == pytest.approx(sum(odds), abs=3 * spread)
    assert len(dropped) < len(odds) - 3 * spread


def test_exact_duplicates_up_to_case_and_space(run_step, corpus) -> None:
    texts = {"a": "One two  three.", "b": "one TWO\nthree.", "c": "One two four.", "d": "One two three."}
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", config(), documents=corpus(texts))
    assert [record["id"] for record in read_records(artifact.path("documents.jsonl.zst"))] == ["a", "c"]
    dropped = list(read_records(artifact.path("dropped/exact_duplicate.jsonl.zst")))
    assert [(record["id"], record["duplicate_of"]) for record in dropped] == [("b", "a"), ("d", "a")]
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.dropped) == (4, 2, {"exact_duplicate": 2})


def test_every_dropped_document_names_its_kept_one(run_step, corpus) -> None:
    text = random_text(random.Random(1))
    near = vary(text, 0.95, random.Random(2))
    texts = {"a": text, "b": near, "c": text.upper(), "d": "alone " * 30, "e": near.title()}
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", config(), documents=corpus(texts))
    jaccard = round(true_jaccard(text, near), 4)
    assert list(read_records(artifact.path("duplicates.jsonl.zst"))) == [
        {"id": "b", "reason": "near_duplicate", "duplicate_of": "a", "dump": None, "jaccard": jaccard},
        {"id": "c", "reason": "exact_duplicate", "duplicate_of": "a", "dump": None, "jaccard": 1.0},
        {"id": "e", "reason": "near_duplicate", "duplicate_of": "a", "dump": None, "jaccard": jaccard},
    ]
    documents = list(read_records(artifact.path("documents.jsonl.zst")))
    assert [(document["id"], document["meta"]["cluster"]) for document in documents] == [("a", "a"), ("d", "d")]


def test_similar_but_distinct_documents_stay_and_share_a_cluster(run_step, corpus) -> None:
    """What is a candidate but no duplicate is kept; the split must not tear it from its sibling."""
    text = random_text(random.Random(1), 400)
    texts = {"a": text, "b": vary(text, 0.75, random.Random(2))}
    chosen = config(num_buckets=50, hashes_per_bucket=4)
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", chosen, documents=corpus(texts))
    documents = list(read_records(artifact.path("documents.jsonl.zst")))
    assert [(document["id"], document["meta"]["cluster"]) for document in documents] == [("a", "a"), ("b", "a")]


def test_a_chain_of_small_changes_removes_only_true_duplicates(run_step, corpus) -> None:
    """a~b~c~d by steps, but a and d differ: what is kept never has a kept twin, and no removal is by hearsay."""
    rng = random.Random(5)
    chain = [random_text(rng, 400)]
    while len(chain) < 6:
        chain.append(vary(chain[-1], 0.86, rng))
    texts = {f"d{number}": text for number, text in enumerate(chain)}
    chosen = config(num_buckets=40, hashes_per_bucket=4)
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", chosen, documents=corpus(texts))
    kept = [record["id"] for record in read_records(artifact.path("documents.jsonl.zst"))]
    assert len(kept) > 1
    for one in kept:
        for other in kept:
            assert one == other or true_jaccard(texts[one], texts[other]) < 0.8
    for record in read_records(artifact.path("dropped/near_duplicate.jsonl.zst")):
        assert true_jaccard(record["text"], texts[record["duplicate_of"]]) >= 0.79


def test_the_bytes_do_not_depend_on_the_workers_or_an_earlier_attempt(run_step, corpus, monkeypatch) -> None:
    monkeypatch.setattr("fc_pipeline.corpus.dedup.signed_documents._CHUNK_CHARS", 200_000)
    texts, _ = pairs()
    documents = corpus(texts)
    one = run_step(deduplicate, "corpus/demo/deduplicated", config(), workers=1, documents=documents)
    two = run_step(deduplicate, "corpus/demo/deduplicated", config(), workers=2, documents=documents)
    assert one.digest == two.digest

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("fc_pipeline.corpus.deduplicate._write_documents", stop)
        with pytest.raises(KeyboardInterrupt):
            run_step(deduplicate, "corpus/demo/deduplicated", config(seed=2), documents=documents)
    again = run_step(deduplicate, "corpus/demo/deduplicated", config(seed=2), documents=documents)
    assert again.manifest.counters.dropped["near_duplicate"] > 50
    assert not (again.folder / "workspace").exists()


def test_nothing_and_almost_nothing(run_step, corpus) -> None:
    for texts in ({}, {"a": "hi"}, {"a": "hi", "b": "hi there"}):
        artifact = run_step(deduplicate, "corpus/demo/deduplicated", config(), documents=corpus(texts))
        assert artifact.manifest.counters.kept == len(texts)
