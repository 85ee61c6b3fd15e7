"""A corpus in dumps: each is deduplicated against the indexes of those before it, whose documents are not read."""

import os
import random
import string
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from factories.build import build
from factories.documents import clusters, document, ids, records, write_documents
from factories.near_texts import random_text, true_jaccard, vary
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.errors import UserError
from fc_pipeline.corpus import deduplicate as module
from fc_pipeline.corpus.config import DedupConfig, HoldoutConfig
from fc_pipeline.corpus.deduplicate import deduplicate
from fc_pipeline.corpus.split import split

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""A disk in memory, where there is one: the property test waits for hundreds of fsyncs otherwise."""


def verdicts(artifact: Artifact) -> dict[str, dict[str, Any]]:
    return {record.pop("id"): record for record in records(artifact, "duplicates")}


def pool() -> list[str]:
    """Two texts of 30 words, each with variants at similarities from 0.55 to 0.95 to it and to each other."""
    rng = random.Random(11)
    texts = []
    for base in ("v", "w"):
        words = [f"{base}{letter}" for letter in string.ascii_lowercase[:30]]
        texts.append(" ".join(words))
        for num_edits in (1, 1, 2, 2, 3, 4):
            edited = list(words)
            for place in rng.sample(range(len(words)), num_edits):
                edited[place] = rng.choice("xyz")
            texts.append(" ".join(edited))
    return [*texts, *(text.upper() for text in texts[::3])]


@settings(max_examples=30)
@given(
    texts=st.lists(st.sampled_from(pool()), min_size=8, max_size=20),
    cuts=st.tuples(st.integers(1, 6), st.integers(3, 12)),
    removed=st.sets(st.integers(0, 3), max_size=2),
    max_bucket=st.sampled_from([1, 2, 100]),
)
def test_dumps_equal_one_corpus(texts: list[str], cuts: tuple[int, int], removed: set[int], max_bucket: int) -> None:
    """Also with documents taken down (of the first dump: a later one cannot reach back) and with full buckets."""
    low, high = sorted(cuts)
    documents = [document(f"demo/{row:02}", text) for row, text in enumerate(texts)]
    taken_down = [f"demo/{row:02}" for row in removed if row < low]
    config = DedupConfig(ngram=2, jaccard=0.7, max_bucket=max_bucket, removed=taken_down).model_dump(mode="json")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        store = Store(folder)

        def dedup(part: list[dict[str, Any]], **before: Artifact) -> Artifact:
            inputs = {"documents": write_documents(store, part), **before}
            return build(store, "corpus/demo/deduplicated", deduplicate, config, inputs)

        once = dedup(documents)
        dumps: dict[str, Artifact] = {}
        for name, part in (("1", documents[:low]), ("2", documents[low:high]), ("3", documents[high:])):
            before = {f"before/{other}": artifact for other, artifact in dumps.items()}
            dumps[name] = dedup(part, **before)
        assert [name for dump in dumps.values() for name in ids(dump)] == ids(once)
        dropped = {name: verdict for dump in dumps.values() for name, verdict in verdicts(dump).items()}
        # The reasons too. Of several kept documents that a copy resembles, a later dump may name another one.
        assert {name: verdict["reason"] for name, verdict in dropped.items()} == {
            name: verdict["reason"] for name, verdict in verdicts(once).items()
        }
        originals = {*ids(once), *config["removed"], None}
        assert all(verdict["duplicate_of"] in originals for verdict in dropped.values())


def test_index_read_not_documents(dedup, corpus, monkeypatch) -> None:
    rng = random.Random(1)
    text = random_text(rng)
    near = vary(text, 0.9, rng)
    first = dedup({"a": text, "b": near, "c": random_text(rng)})
    new = corpus({"d": text.upper(), "e": near, "f": vary(text, 0.9, rng), "g": random_text(rng)}, key="sources/new")
    read = []

    def noting(path: Path) -> Iterator[dict[str, Any]]:
        read.append(path)
        return read_records(path)

    monkeypatch.setattr(module, "read_records", noting)
    second = dedup(new, {"2026-10": first})
    assert set(read) == {new.path("documents.jsonl.zst")}
    assert ids(second) == ["g"]
    dropped = verdicts(second)
    assert {name: verdict["reason"] for name, verdict in dropped.items()} == {
        "d": "exact_duplicate",
        "e": "near_duplicate",
        "f": "near_duplicate",
    }
    assert all((verdict["duplicate_of"], verdict["dump"]) == ("a", "2026-10") for verdict in dropped.values())
    assert dropped["e"]["jaccard"] == pytest.approx(true_jaccard(text, near), abs=1e-4)
    counters = second.manifest.counters
    assert (counters.read, counters.kept, counters.dropped) == (4, 1, {"exact_duplicate": 1, "near_duplicate": 2})


def test_holdout_across_dumps(run_step, dedup) -> None:
    """Near-duplicates are gone, and looser relatives are on the side of the document that they resemble most."""
    rng = random.Random(2)
    bases = [random_text(rng, 120) for _ in range(120)]
    dumps: dict[str, Artifact] = {}
    texts: dict[str, str] = {}
    for dump in ("1", "2", "3"):
        new = {
            f"{dump}/{row:03}": vary(text, rng.choice([0.55, 0.65, 0.85, 0.95, 1]), rng)
            for row, text in enumerate(bases)
        }
        dumps[dump] = dedup(new, dumps)
        texts |= new
    chosen = HoldoutConfig(fraction=0.3).model_dump(mode="json")
    sides = run_step(split, "corpus/demo/split", chosen, **{f"documents/{name}": dump for name, dump in dumps.items()})
    train, holdout = ids(sides, "train"), ids(sides, "holdout")
    assert len(train) > 60 and len(holdout) > 20
    alike = dict.fromkeys(("train", "holdout"), 0)
    for one in holdout:
        for side, others in (("train", train), ("holdout", holdout)):
            same_base = (other for other in others if other != one and other[-3:] == one[-3:])
            similar = [true_jaccard(texts[one], texts[other]) for other in same_base]
            assert all(similarity < 0.8 for similarity in similar)
            alike[side] += sum(similarity >= 0.6 for similarity in similar)
    # By chance 7 of 10 relatives of a holdout document would be in train. Some are: bands miss a few pairs that are no
    # duplicates, and a document that resembles two clusters of earlier dumps can join only one.
    assert alike["holdout"] > 10 and alike["train"] < 0.25 * alike["holdout"], alike


def test_clusters_across_dumps(dedup) -> None:
    """A relative takes the cluster of the nearest document of an earlier dump."""
    rng = random.Random(3)
    text = random_text(rng)
    first = dedup({"a": text, "b": vary(text, 0.7, rng), "c": random_text(rng)})
    assert clusters(first) == {"a": "a", "b": "a", "c": "c"}
    relative = vary(text, 0.75, rng)
    second = dedup({"d": relative, "e": vary(relative, 0.7, rng), "f": random_text(rng)}, {"1": first})
    assert clusters(second) == {"d": "a", "e": "a", "f": "f"}
    third = dedup({"g": vary(relative, 0.75, rng)}, {"1": first, "2": second})
    assert clusters(third) == {"g": "a"}, "the name goes on through the indexes"


def test_index_of_other_settings(dedup) -> None:
    first = dedup({"a": "one two three four five six"}, ngram=4)
    with pytest.raises(
        UserError, match=r"its index was made with ngram 4, .* deduplicated with ngram 5, .*same settings"
    ):
        dedup({"b": "x"}, {"1": first})
    dedup({"b": "x"}, {"1": first}, ngram=4, jaccard=0.9)
