"""The tokenizer step: reproducible bytes, what it measures, and sizes that do not fit."""

import json
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from factories.build import build
from factories.stdlib_corpus import CANARY, WEIGHTS, Packed, documents, tokenizer_config

from fc_model.artifacts import Artifact
from fc_model.errors import UserError
from fc_model.special_tokens import SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer
from fc_pipeline.tokens.sentencepiece_counts import LINE_SYMBOLS, count_units, seed_pieces, train_sentencepiece
from fc_pipeline.tokens.train_tokenizer import TokenizerConfig, sample_documents, train_tokenizer


@pytest.fixture
def trained(packed: Packed) -> Artifact:
    return packed.tokenizer


def test_metrics(trained: Artifact) -> None:
    metrics = trained.metrics
    tokenizer = Tokenizer(trained.path("tokenizer.model"))
    texts = [record["text"] for record in documents("holdout")]
    num_tokens = sum(map(len, tokenizer.encode_batch(texts)))
    assert metrics["bytes_per_token"] == pytest.approx(sum(len(t.encode()) for t in texts) / num_tokens, abs=1e-4)
    assert 1.5 < metrics["bytes_per_token_code"] < 6
    assert metrics["vocab_size"] == tokenizer.vocab_size == 1000
    assert metrics["round_trip_documents"] == len(texts)
    assert {f"bytes_per_token_{domain}" for domain in WEIGHTS} < metrics.keys()
    # Characters that training never saw; and U+2581, SentencePiece's own mark, which never gets a piece.
    unseen = set("".join(texts)) - set("".join(record["text"] for record in documents("train")))
    assert metrics["alphabet_misses"] == len(unseen | {"\u2581"})
    assert 0 < metrics["byte_token_share"] < 0.1
    learnt_from = Counter()
    for record in documents("train"):
        learnt_from[f"sample_bytes_{record['domain']}"] += len(record["text"].encode())
    assert metrics.items() >= learnt_from.items(), "from train only"


def test_vocab_file(trained: Artifact) -> None:
    pieces = json.loads(trained.path("vocab.json").read_text("utf-8"))
    assert [piece["piece"] for piece in pieces[: len(SPECIAL_TOKENS)]] == list(SPECIAL_TOKENS)
    types = Counter(piece["type"] for piece in pieces)
    assert types["byte"] == 256 and types["unknown"] == 1 and types["user_defined"] == len(LINE_SYMBOLS)
    normal = [piece for piece in pieces if piece["type"] == "normal"]
    assert all((piece["score"] * 64).is_integer() for piece in normal)  # so that every runtime adds up the same sums
    assert not any(sum(char.isdigit() for char in piece["piece"]) and len(piece["piece"]) > 1 for piece in normal)
    alphabet = {piece["piece"] for piece in normal if len(piece["piece"]) == 1}
    seen = {char for record in documents("train") for char in record["text"]}
    assert alphabet - {"\u2581"} == seen - {" ", "\n", "\t", "\u2581"}  # a space is written as U+2581


def test_deterministic(tmp_path: Path, trained: Artifact) -> None:
    script = (
        "import sys; from fc_model.artifacts import Store; from factories.build import build;"
        "from factories.stdlib_corpus import build_split, tokenizer_config;"
        "from fc_pipeline.tokens.train_tokenizer import train_tokenizer; store = Store(sys.argv[1]);"
        "inputs = {'documents': build_split(store)};"
        "print(build(store, 'test/tokenizer', train_tokenizer, tokenizer_config(), inputs, workers=2).digest)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONHASHSEED": "7"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == trained.digest


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_vocab_size_refused(kind: str) -> None:
    units = count_units([record["text"] for record in documents("train")[:6]])
    train = partial(train_sentencepiece, units, character_coverage=1.0, symbols=LINE_SYMBOLS, kind=kind)
    with pytest.raises(UserError, match="raise vocab_size or lower"):
        train(vocab_size=300)
    with pytest.raises(UserError, match=r"at most [0-9]+; ") as refusal:
        train(vocab_size=90_000)
    if kind == "bpe":
        train(vocab_size=int(str(refusal.value).split("at most ")[1].split(";")[0]))


def test_domain_without_documents(packed: Packed) -> None:
    config = tokenizer_config() | {"weights": {"code": 1, "chess": 1}}
    with pytest.raises(UserError, match=r"weights for chess, of which .* has no documents"):
        build(packed.store, "test/tokenizer", train_tokenizer, config, {"documents": packed.split})


def test_units() -> None:
    text = f"  def f(x2, naïve):\n\treturn 'a  b'  # {CANARY} 日本語42\u2581\0é"
    units = count_units([text])
    rebuilt = Counter()
    for unit, count in units.items():
        rebuilt.update({char: n * count for char, n in Counter(unit).items()})
    assert rebuilt == Counter(text.translate(dict.fromkeys(map(ord, "\n\t\u2581\0"))))
    assert units[" naïve"] == 1 and units["2"] == 3 and units[" 日本語"] == 1


def test_runs_that_sentencepiece_would_abort_for_are_cut() -> None:
    gene, rule = "ACGT" * 17_000, "=-" * 34_000
    units = count_units([f"the gene {gene} is long {rule}"])
    assert max(map(len, units)) == 256
    assert sum(len(unit) * count for unit, count in units.items()) == len(f"the gene {gene} is long {rule}")
    train_sentencepiece(units, kind="bpe", vocab_size=300, character_coverage=1.0, symbols=LINE_SYMBOLS)


def test_units_without_symbols() -> None:
    assert count_units(["a<b>c a<b>"], symbols=["<b>"]) == {"a": 1, "c": 1, " a": 1}


def test_seed_pieces() -> None:
    seeds = dict(seed_pieces(Counter({"abab": 3, "abx": 2}), size=100))
    assert seeds == {"ab": 8, "abab": 3, "abx": 2, "bab": 3, "bx": 2}
    assert seed_pieces(Counter({"abab": 3, "abx": 2}), size=1) == [("ab", 8)]


def test_sample_documents() -> None:
    records = [
        {"id": f"{domain}/{n}", "domain": domain, "text": f"{domain[0]}{n:04d}" * 20}
        for domain in ("a", "b", "c")
        for n in range(200)
    ]
    arguments = {"weights": {"a": 3.0, "b": 1.0, "c": 0.0}, "num_bytes": 4000, "seed": 0}
    sample = sample_documents(records, **arguments)
    assert sample == sample_documents(records[::-1], **arguments)
    assert {domain: len(texts) for domain, texts in sample.items()} == {"a": 30, "b": 10}
    assert sample != sample_documents(records, **arguments | {"seed": 1})
    assert sample_documents(records[:5], **arguments)["b"] == []


def test_config_symbol_with_space() -> None:
    with pytest.raises(ValueError, match="have no space in them"):
        TokenizerConfig(vocab_size=1000, extra_symbols=["a b"])
