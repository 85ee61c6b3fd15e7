"""Some of many documents."""

from collections import Counter
from random import Random

from fc_pipeline.corpus.sample import joined_licence, sample_records


def test_each_is_as_likely_as_another() -> None:
    records = [{"id": number} for number in range(10)]
    counts = Counter(record["id"] for seed in range(2_000) for record in sample_records(iter(records), 3, Random(seed)))
    assert len(counts) == 10 and all(500 < count < 700 for count in counts.values())
    assert sample_records(iter(records), 20, Random(0)) == records


def test_licences_are_joined() -> None:
    assert joined_licence(["MIT", "BSD-3-Clause", "MIT", "A OR B"]) == "(A OR B) AND BSD-3-Clause AND MIT"
