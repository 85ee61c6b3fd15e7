"""The packing step: lossless, in the wanted mix, and the same bytes for any number of workers."""

from collections import Counter

import pytest
from factories.build import build
from factories.documents import records
from factories.stdlib_corpus import WEIGHTS, Packed, documents, mixture_config

from fc_model.artifacts import Artifact
from fc_model.data.token_shards import Shards, list_splits
from fc_model.tokenizer import Tokenizer
from fc_pipeline.tokens import encode_documents
from fc_pipeline.tokens.pack import pack_shards


@pytest.fixture
def shards(packed: Packed) -> Artifact:
    return packed.shards


def test_lossless(shards: Artifact) -> None:
    tokenizer = Tokenizer(shards.path("tokenizer.model"))
    rows = records(shards)
    texts = {(side, record["id"]): record["text"] for side in ("train", "holdout") for record in documents(side)}
    seen = set()
    for split in list_splits(shards.folder):
        reader = Shards(shards.folder, split, tokenizer_fingerprint=tokenizer.fingerprint)
        for ordinal, row in enumerate(reader.document_rows):
            ids = reader.tokens(*reader.document_span(ordinal))
            record = rows[row]
            assert ids[-1] == tokenizer.eos_id and (ids[:-1] != tokenizer.eos_id).all()
            assert tokenizer.decode(ids) == texts[record["split"], record["id"]]
            assert len(ids) == record["tokens"]
            assert split == "train" if record["split"] == "train" else split == f"holdout-{record['domain']}"
            seen.add(row)
    assert len(seen) == shards.metrics["documents"] == shards.manifest.counters.kept
    assert len(rows) == shards.manifest.counters.read == len(texts)


def test_mix(shards: Artifact) -> None:
    train = Shards(shards.folder, "train")
    assert len(list(shards.folder.glob("train-*.bin"))) > 1
    assert train.num_tokens == shards.metrics["tokens"] == pytest.approx(60_000, rel=0.25)
    realised = {domain: counts["tokens"] / train.num_tokens for domain, counts in train.domains.items()}
    # The corpus has few and long documents: no domain is off by more than half of its longest one.
    longest = max(record["tokens"] for record in records(shards))
    for domain, weight in WEIGHTS.items():
        assert realised[domain] == pytest.approx(weight / 100, abs=longest / train.num_tokens)
        assert shards.metrics[f"share_{domain}"] == pytest.approx(realised[domain], abs=1e-6)
    rows = records(shards)
    times = Counter(train.document_rows.tolist())
    chat = [times[row] for row, record in enumerate(rows) if record["domain"] == "chat" and record["split"] == "train"]
    assert shards.metrics["epochs_chat"] > 1
    assert int(shards.metrics["epochs_chat"]) == min(chat) == max(chat) - 1


def test_stage_mixture(packed: Packed) -> None:
    late = {"late": {"weights": {"code": 3, "chat": 1}, "tokens": 60_000}}
    config = mixture_config(stages=late, max_epochs=20)
    shards = build(packed.store, "test/curriculum", pack_shards, config, packed.inputs)
    first, second = Shards(shards.folder, "train"), Shards(shards.folder, "train-late")
    assert set(second.domains) == {"code", "chat"}
    assert shards.metrics["tokens"] == first.num_tokens + second.num_tokens
    longest = max(record["tokens"] for record in records(shards))
    assert second.domains["code"]["tokens"] == pytest.approx(45_000, abs=longest)
    rows = records(shards)
    code = Counter(
        row for split in (first, second) for row in split.document_rows.tolist() if rows[row]["domain"] == "code"
    )
    assert max(code.values()) - min(code[row] for row in code) <= 1, "none comes again before all have come"
    spent = sum(rows[row]["tokens"] * times for row, times in code.items())
    has = sum(row["tokens"] for row in rows if row["domain"] == "code" and row["split"] == "train")
    assert shards.metrics["epochs_code"] == pytest.approx(spent / has, abs=1e-3)


def test_holdout(shards: Artifact) -> None:
    held_out = {record["id"] for record in documents("holdout")}
    rows = records(shards)
    train = {rows[row]["id"] for row in Shards(shards.folder, "train").document_rows}
    assert not train & held_out
    held = set()
    for domain in WEIGHTS:
        reader = Shards(shards.folder, f"holdout-{domain}")
        held |= {rows[row]["id"] for row in reader.document_rows}
        assert reader.num_tokens == shards.metrics[f"holdout_tokens_{domain}"]
        assert reader.num_bytes == sum(batch.num_bytes for batch in reader.windows_sequential(64, 4))
    assert held == held_out


def test_workers_and_batches(packed: Packed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode_documents, "_BATCH_CHARS", 1000)
    again = build(packed.store, "test/shards", pack_shards, mixture_config(), packed.inputs, workers=3, code="2")
    assert again.digest == packed.shards.digest
    other = build(packed.store, "test/shards", pack_shards, mixture_config(seed=1), packed.inputs)
    assert other.digest != packed.shards.digest


def test_domain_not_in_mixture(packed: Packed) -> None:
    config = mixture_config(weights={"code": 1, "chat": 0}, tokens=5000)
    shards = build(packed.store, "test/shards", pack_shards, config, packed.inputs)
    assert list_splits(shards.folder) == ["holdout-code", "train"]
    dropped = shards.manifest.counters.dropped
    assert dropped["domain_not_in_mixture"] == sum(
        r["domain"] != "code" for s in ("train", "holdout") for r in documents(s)
    )
    assert dropped["over_budget"] > 0
