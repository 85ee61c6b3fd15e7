"""The bench of near-duplicate removal measures what it says."""

import json
import random

import pytest

from bench import data_dedup, dedup_growth
from bench.data_dedup import jaccard, quality, varied
from bench.dedup_contenders import grams, pairs_of_clusters


def test_varied() -> None:
    rng = random.Random(1)
    text = " ".join(f"word{rng.randint(0, 400)}" for _ in range(300))
    near, similarity = varied(text, 0.7, rng)
    assert 0.65 < similarity <= 0.7
    assert similarity == jaccard(grams(text), grams(near))


def test_quality() -> None:
    text = " ".join(f"w{number}" for number in range(104))
    changed = text.replace("w0 ", "x ")
    other = " ".join(f"v{number}" for number in range(104))
    texts = [text, changed, other, text + " more", other]
    truth = {(0, 1): 0.98, (2, 3): 0.0, (0, 3): 0.99}
    found = quality(texts, truth, [["0", "1"], ["2", "3"]])
    assert found["recall"] == 0.5 and found["precision"] == 0.5
    assert found["joined_below_0.5"] == "1/1" and found["removed"] == 2


def test_pairs_of_clusters() -> None:
    assert pairs_of_clusters([("a", 3), ("b", -1), ("c", 3), ("d", 5), ("e", 3)]) == [("a", "c"), ("a", "e")]


def test_perturbed_documents() -> None:
    text = " ".join(f"w{number}" for number in range(200))
    found = [record["text"] for record in dedup_growth.documents([text], 4 * len(text))]
    assert len(found) == 4 and found[0] == text
    assert all(jaccard(grams(text), grams(other)) < 0.1 for other in found[1:])


@pytest.mark.timeout(200)
def test_main(capsys) -> None:
    """Ours on half a megabyte, each part in its own process."""
    data_dedup.main(
        ["--megabytes", "0.5", "--planted", "60", "--rounds", "1", "--contenders", "ours", "--sizes", "0.5"]
    )
    race, growth, dump = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert race["results"]["ours"]["recall"] >= 0.98 and race["results"]["ours"]["precision"] == 1.0
    assert race["missing"] == {}
    assert growth["index_bytes_per_document"] > 500 and growth["peak_mb"] > 20
    assert dump["new_documents"] == dump["documents"] // 100 and dump["dump_cpu_seconds"] < dump["rebuild_cpu_seconds"]


def test_child_error() -> None:
    assert data_dedup.child("bench.dedup_contenders", "nobody", ".") == "KeyError: 'nobody'"
