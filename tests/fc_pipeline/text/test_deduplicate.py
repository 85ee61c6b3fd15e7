"""Planted duplicates against their exact Jaccard similarity, computed here from word n-grams."""

import random
import re
from functools import lru_cache

import datasketch
import pytest

from fc_model.artifacts import read_records
from fc_pipeline.text.config import DedupConfig
from fc_pipeline.text.deduplicate import deduplicate

WORDS = [f"{a}{b}{c}" for a in "bdfglmn" for b in "aeiou" for c in ("st", "rk", "lm", "nd", "pp", "x")]


def config(**fields) -> dict:
    return DedupConfig(**fields).model_dump(mode="json")


def grams(text: str, n: int = 5) -> set[str]:
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[start : start + n]) for start in range(len(words) - n + 1)}


def true_jaccard(first: str, second: str) -> float:
    one, two = grams(first), grams(second)
    return len(one & two) / len(one | two)


def vary(text: str, target: float, rng: random.Random) -> str:
    """Replace words until the similarity is at most the target."""
    words = text.split(" ")
    order = list(range(len(words)))
    rng.shuffle(order)
    while true_jaccard(text, " ".join(words)) > target:
        words[order.pop()] = rng.choice("qwz") + "".join(rng.choices("aeioulmnr", k=9))
    return " ".join(words)


@lru_cache(maxsize=1)
def planted() -> tuple[dict[str, str], dict[str, float]]:
    """({id: text}, {id of the near-duplicate of `<n>`: true Jaccard}): 200 pairs, 100 texts alone."""
    rng = random.Random(7)
    originals = {f"{n:03}": " ".join(rng.choices(WORDS, k=rng.randint(150, 400))) for n in range(300)}
    near, truth = {}, {}
    for name in list(originals)[:200]:
        near[f"{name}-near"] = vary(originals[name], rng.uniform(0.5, 0.98), rng)
        truth[f"{name}-near"] = true_jaccard(originals[name], near[f"{name}-near"])
    return originals | near, truth


def test_planted_pairs(run_step, corpus) -> None:
    """Precision is 1 because each candidate is verified; recall follows 1 - (1 - s^8)^14 above the threshold."""
    texts, truth = planted()
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", config(), documents=corpus(texts))
    kept = {record["id"] for record in read_records(artifact.path("documents.jsonl.zst"))}
    dropped = {record["id"]: record for record in read_records(artifact.path("dropped/near_duplicate.jsonl.zst"))}
    assert kept | set(dropped) == set(texts) and not kept & set(dropped)

    assert all(truth[name] >= 0.79 for name in dropped), "nothing distinct is removed"
    for name, record in dropped.items():
        assert record["duplicate_of"] == name.removesuffix("-near")
        assert record["jaccard"] == pytest.approx(truth[name], abs=1e-3)
    similar = [name for name, jaccard in truth.items() if jaccard >= 0.8]
    expected = sum(1 - (1 - truth[name] ** 8) ** 14 for name in similar)
    found = len(set(similar) & set(dropped))
    assert len(similar) > 50
    assert found >= expected - 3 * (expected * (1 - expected / len(similar)) + 1) ** 0.5
    very_similar = [name for name in similar if truth[name] >= 0.9]
    assert all(name in dropped for name in very_similar)


def test_datasketch_agrees_on_the_similarities(run_step, corpus) -> None:
    """An independent MinHash estimates the recorded similarities within its error."""
    texts, _ = planted()
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", config(), documents=corpus(texts))
    for record in list(read_records(artifact.path("dropped/near_duplicate.jsonl.zst")))[:20]:
        sketches = []
        for text in (record["text"], texts[record["duplicate_of"]]):
            sketch = datasketch.MinHash(num_perm=512, seed=3)
            sketch.update_batch([gram.encode() for gram in grams(text)])
            sketches.append(sketch)
        assert sketches[0].jaccard(sketches[1]) == pytest.approx(record["jaccard"], abs=0.08)


def test_more_bands_find_more(run_step, corpus) -> None:
    """With 20 bands of 5 rows practically every pair at 0.8 or more is a candidate, and verification still holds."""
    texts, truth = planted()
    chosen = config(num_buckets=20, hashes_per_bucket=5)
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", chosen, documents=corpus(texts))
    dropped = {record["id"] for record in read_records(artifact.path("dropped/near_duplicate.jsonl.zst"))}
    assert {name for name, jaccard in truth.items() if jaccard >= 0.8} == dropped


def test_exact_duplicates_up_to_case_and_space(run_step, corpus) -> None:
    texts = {"a": "One two  three.", "b": "one TWO\nthree.", "c": "One two four.", "d": "One two three."}
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", config(), documents=corpus(texts))
    assert [record["id"] for record in read_records(artifact.path("documents.jsonl.zst"))] == ["a", "c"]
    dropped = list(read_records(artifact.path("dropped/exact_duplicate.jsonl.zst")))
    assert [(record["id"], record["duplicate_of"]) for record in dropped] == [("b", "a"), ("d", "a")]
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.dropped) == (4, 2, {"exact_duplicate": 2})


def test_every_dropped_document_names_its_kept_one(run_step, corpus) -> None:
    text = " ".join(random.Random(1).choices(WORDS, k=300))
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
    text = " ".join(random.Random(1).choices(WORDS, k=400))
    texts = {"a": text, "b": vary(text, 0.75, random.Random(2))}
    chosen = config(num_buckets=50, hashes_per_bucket=4)
    artifact = run_step(deduplicate, "corpus/demo/deduplicated", chosen, documents=corpus(texts))
    documents = list(read_records(artifact.path("documents.jsonl.zst")))
    assert [(document["id"], document["meta"]["cluster"]) for document in documents] == [("a", "a"), ("b", "a")]


def test_a_chain_of_small_changes_removes_only_true_duplicates(run_step, corpus) -> None:
    """a~b~c~d by steps, but a and d differ: what is kept never has a kept twin, and no removal is by hearsay."""
    rng = random.Random(5)
    chain = [" ".join(rng.choices(WORDS, k=400))]
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
    monkeypatch.setattr("fc_pipeline.text.signed_documents._CHUNK_CHARS", 200_000)
    texts, _ = planted()
    documents = corpus(texts)
    one = run_step(deduplicate, "corpus/demo/deduplicated", config(), workers=1, documents=documents)
    two = run_step(deduplicate, "corpus/demo/deduplicated", config(), workers=2, documents=documents)
    assert one.digest == two.digest

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("fc_pipeline.text.deduplicate._write_documents", stop)
        with pytest.raises(KeyboardInterrupt):
            run_step(deduplicate, "corpus/demo/deduplicated", config(seed=2), documents=documents)
    again = run_step(deduplicate, "corpus/demo/deduplicated", config(seed=2), documents=documents)
    assert again.manifest.counters.dropped["near_duplicate"] > 50
    assert not (again.folder / "workspace").exists()


def test_nothing_and_almost_nothing(run_step, corpus) -> None:
    for texts in ({}, {"a": "hi"}, {"a": "hi", "b": "hi there"}):
        artifact = run_step(deduplicate, "corpus/demo/deduplicated", config(), documents=corpus(texts))
        assert artifact.manifest.counters.kept == len(texts)
