import json
import random

from factories.near_texts import random_text, true_jaccard, vary

from fc_model.artifacts import read_records
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.deduplicate import deduplicate

KEY = "corpus/demo/deduplicated"


def test_the_report_counts_what_was_dropped(run_step, corpus, make_document) -> None:
    rng = random.Random(1)
    one, two = random_text(rng), random_text(rng)
    texts = {"a": one, "b": two, "c": two.upper(), "x": random_text(rng)}
    texts |= {f"near{number}": vary(one, 0.84, rng) for number in range(5)}
    documents = [
        make_document(name, text) | {"source": "web" if name < "c" else "books"} for name, text in texts.items()
    ]
    config = DedupConfig(num_samples=2).model_dump(mode="json")
    artifact = run_step(deduplicate, KEY, config, documents=corpus(documents))
    report = json.loads(artifact.path("clusters.json").read_text())
    assert report["groups"] == 2
    assert report["sizes"] == {"2": 1, "5-8": 1}
    assert report["jaccard"] == {"0.80": 5}
    assert report["by_source"] == [
        {"source": "books", "duplicate_of": "web", "reason": "near_duplicate", "documents": 5},
        {"source": "books", "duplicate_of": "web", "reason": "exact_duplicate", "documents": 1},
    ]
    assert [(group["id"], group["size"], group["source"]) for group in report["largest"]] == [
        ("a", 6, "web"),
        ("b", 2, "web"),
    ]
    assert [member["id"] for member in report["largest"][0]["members"]] == [f"near{number}" for number in range(5)]
    assert len(report["samples"]) == 2
    for sample in report["samples"]:
        assert sample["excerpt"] == texts[sample["id"]][:400]
        assert sample["duplicate_of"]["excerpt"] == one[:400]
        assert abs(sample["jaccard"] - true_jaccard(one, texts[sample["id"]])) < 1e-4


def test_originals_of_earlier_dumps_are_named_but_not_quoted(run_step, corpus) -> None:
    rng = random.Random(2)
    text = random_text(rng)
    config = DedupConfig().model_dump(mode="json")
    first = run_step(deduplicate, KEY, config, documents=corpus({"a": text}))
    new = corpus({"b": vary(text, 0.9, rng)}, key="sources/new")
    second = run_step(deduplicate, KEY, config, documents=new, **{"before/2026-10": first})
    report = json.loads(second.path("clusters.json").read_text())
    (sample,) = report["samples"]
    assert sample["duplicate_of"] == {"id": "a", "dump": "2026-10", "source": "demo", "excerpt": None}
    assert report["largest"][0]["dump"] == "2026-10"
    assert list(read_records(second.path("documents.jsonl.zst"))) == []


def test_nothing_dropped(run_step, corpus) -> None:
    artifact = run_step(deduplicate, KEY, DedupConfig().model_dump(mode="json"), documents=corpus({"a": "text"}))
    report = json.loads(artifact.path("clusters.json").read_text())
    assert report == {"groups": 0, "sizes": {}, "jaccard": {}, "by_source": [], "largest": [], "samples": []}
