import json
import random

from factories.documents import document, ids
from factories.near_texts import random_text, true_jaccard, vary


def test_report_counts(dedup) -> None:
    rng = random.Random(1)
    one, two = random_text(rng), random_text(rng)
    texts = {"a": one, "b": two, "c": two.upper(), "x": random_text(rng)}
    texts |= {f"near{number}": vary(one, 0.84, rng) for number in range(5)}
    documents = [document(name, text) | {"source": "web" if name < "c" else "books"} for name, text in texts.items()]
    artifact = dedup(documents, num_samples=2)
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


def test_report_earlier_dump(dedup) -> None:
    """Originals of earlier dumps are named; their text is not read again."""
    rng = random.Random(2)
    text = random_text(rng)
    second = dedup({"b": vary(text, 0.9, rng)}, {"2026-10": dedup({"a": text})})
    report = json.loads(second.path("clusters.json").read_text())
    (sample,) = report["samples"]
    assert sample["duplicate_of"] == {"id": "a", "dump": "2026-10", "source": "demo", "excerpt": None}
    assert report["largest"][0]["dump"] == "2026-10"
    assert ids(second) == []


def test_report_nothing_dropped(dedup) -> None:
    report = json.loads(dedup({"a": "text"}).path("clusters.json").read_text())
    assert report == {"groups": 0, "sizes": {}, "jaccard": {}, "by_source": [], "largest": [], "samples": []}
