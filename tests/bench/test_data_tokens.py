"""The bench of tokenizing runs every side on the same texts and prints one line."""

import json
from pathlib import Path

import pytest

from bench.data_tokens import measure, take
from bench.tokenizer_compression import Side
from bench.tokenizer_compression import measure as compress
from fc_model.artifacts.records import RecordWriter


def test_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measure(tmp_path, megabytes=0.4, rounds=1)
    (line,) = capsys.readouterr().out.splitlines()
    results = json.loads(line)["results"]
    sides = {f"{kind}_{threads}" for kind in ("sentencepiece", "sentencepiece_arrays", "ours") for threads in (1, 2)}
    assert results.keys() == sides | {"datatrove"}
    assert all(one["mb_per_cpu_second"] > 0 for one in results.values())
    assert len(list(tmp_path.glob("datatrove-*/*.ds"))) == 2, "a warm-up round and a measured one"


def test_take() -> None:
    records = take(50_000)
    sizes = [len(record["text"].encode()) for record in records]
    assert sum(sizes) >= 50_000 > sum(sizes[:-1])
    assert len({record["id"] for record in records}) == len(records)


def test_compression(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "holdout.jsonl.zst").open("wb") as file:
        write = RecordWriter(file)
        for domain, text in (("code", "a b c"), ("chat", "é é"), ("code", "d")):
            write({"domain": domain, "text": text})
        write.close()
    compress(tmp_path / "holdout.jsonl.zst", {"words": Side(7, lambda text: len(text.split()))})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["results"] == {
        "words": {"vocab_size": 7, "bytes_per_token": 1.833, "by_domain": {"chat": 2.5, "code": 1.5}}
    }
