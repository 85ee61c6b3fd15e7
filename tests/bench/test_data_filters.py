"""The bench of filters: datatrove's blocks with our words keep what ours keeps, on real texts and labelled cases."""

import json
from pathlib import Path

import pytest

from bench import data_filters
from bench.data_sides import Race


def test_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["ours_whole", "ours_gopher", "datatrove_regex"]
    records = list(data_filters.documents(["pandas_docstrings"], tmp_path, num_bytes=50_000))
    assert 50_000 <= sum(len(record["text"].encode()) for record in records) < 80_000
    data_filters.measure(tmp_path, names, records, rounds=1)
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert found["results"].keys() == set(names) and found["missing"] == {}
    assert found["agreement"] == {"datatrove_regex": 1.0}
    cases = found["labelled_cases"]
    assert cases["agreement"] == {"datatrove_regex": 1.0}
    assert 0 < cases["kept"]["ours_whole"] < cases["kept"]["ours_gopher"] < cases["documents"]


def test_agreement() -> None:
    runs = {"ours_gopher": [{"kept_ids": ["a", "b"]}], "datatrove": [{"kept_ids": ["b", "c"]}]}
    assert data_filters.agreement(Race(runs, {}), num_documents=4) == {"datatrove": 0.5}
