"""The packing step: lossless, in the wanted mix, and the same bytes for any number of workers."""

from collections import Counter
from pathlib import Path

import pytest
from factories.pack_fixtures import WEIGHTS, build, build_split, documents, mixture_config, tokenizer_config

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.data.token_shards import Shards, list_splits
from fc_model.errors import UserError
from fc_model.tokenizer import Tokenizer
from fc_pipeline.tokens import encode_documents
from fc_pipeline.tokens.pack import pack_shards
from fc_pipeline.tokens.train_tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def inputs(store: Store) -> dict[str, Artifact]:
    split = build_split(store)
    tokenizer = build(store, "test/tokenizer", train_tokenizer, tokenizer_config(), {"documents": split})
    return {"documents": split, "tokenizer": tokenizer}


@pytest.fixture(scope="module")
def packed(store: Store, inputs: dict[str, Artifact]) -> Artifact:
    return build(store, "test/shards", pack_shards, mixture_config(), inputs)


def test_every_document_comes_back(packed: Artifact) -> None:
    tokenizer = Tokenizer(packed.path("tokenizer.model"))
    rows = list(read_records(packed.path("documents.jsonl.zst")))
    texts = {(side, record["id"]): record["text"] for side in ("train", "holdout") for record in documents(side)}
    seen = set()
    for split in list_splits(packed.folder):
        reader = Shards(packed.folder, split, tokenizer_fingerprint=tokenizer.fingerprint)
        for ordinal, row in enumerate(reader.document_rows):
            ids = reader.tokens(*reader.document_span(ordinal))
            record = rows[row]
            assert ids[-1] == tokenizer.eos_id and (ids[:-1] != tokenizer.eos_id).all()
            assert tokenizer.decode(ids) == texts[record["split"], record["id"]]
            assert len(ids) == record["tokens"]
            assert split == "train" if record["split"] == "train" else split == f"holdout-{record['domain']}"
            seen.add(row)
    assert len(seen) == packed.metrics["documents"] == packed.manifest.counters.kept
    assert len(rows) == packed.manifest.counters.read == len(texts)


def test_the_mix_is_the_wanted_one(packed: Artifact) -> None:
    train = Shards(packed.folder, "train")
    assert len(list(packed.folder.glob("train-*.bin"))) > 1
    assert train.num_tokens == packed.metrics["tokens"] == pytest.approx(60_000, rel=0.25)
    realised = {domain: counts["tokens"] / train.num_tokens for domain, counts in train.domains.items()}
    # The corpus has few and long documents: no domain is off by more than half of its longest one.
    longest = max(record["tokens"] for record in read_records(packed.path("documents.jsonl.zst")))
    for domain, weight in WEIGHTS.items():
        assert realised[domain] == pytest.approx(weight / 100, abs=longest / train.num_tokens)
        assert packed.metrics[f"share_{domain}"] == pytest.approx(realised[domain], abs=1e-6)


def test_small_domains_are_repeated_and_reported(packed: Artifact) -> None:
    train = Shards(packed.folder, "train")
    rows = list(read_records(packed.path("documents.jsonl.zst")))
    times = Counter(train.document_rows.tolist())
    chat = [times[row] for row, record in enumerate(rows) if record["domain"] == "chat" and record["split"] == "train"]
    assert packed.metrics["epochs_chat"] > 1
    assert int(packed.metrics["epochs_chat"]) == min(chat) == max(chat) - 1


def test_a_stage_of_a_curriculum_gets_a_split_of_its_own_mix(store: Store, inputs: dict[str, Artifact]) -> None:
    late = {"late": {"weights": {"code": 3, "chat": 1}, "tokens": 60_000}}
    config = mixture_config(stages=late, max_epochs=20)
    packed = build(store, "test/curriculum", pack_shards, config, inputs)
    first, second = Shards(packed.folder, "train"), Shards(packed.folder, "train-late")
    assert set(second.domains) == {"code", "chat"}
    assert packed.metrics["tokens"] == first.num_tokens + second.num_tokens
    longest = max(record["tokens"] for record in read_records(packed.path("documents.jsonl.zst")))
    assert second.domains["code"]["tokens"] == pytest.approx(45_000, abs=longest)
    rows = list(read_records(packed.path("documents.jsonl.zst")))
    code = Counter(
        row for split in (first, second) for row in split.document_rows.tolist() if rows[row]["domain"] == "code"
    )
    assert max(code.values()) - min(code[row] for row in code) <= 1, "none comes again before all have come"
    spent = sum(rows[row]["tokens"] * times for row, times in code.items())
    has = sum(row["tokens"] for row in rows if row["domain"] == "code" and row["split"] == "train")
    assert packed.metrics["epochs_code"] == pytest.approx(spent / has, abs=1e-3)


def test_holdout_is_whole_and_apart(packed: Artifact) -> None:
    held_out = {record["id"] for record in documents("holdout")}
    rows = list(read_records(packed.path("documents.jsonl.zst")))
    train = {rows[row]["id"] for row in Shards(packed.folder, "train").document_rows}
    assert not train & held_out
    found = set()
    for domain in WEIGHTS:
        reader = Shards(packed.folder, f"holdout-{domain}")
        found |= {rows[row]["id"] for row in reader.document_rows}
        assert reader.num_tokens == packed.metrics[f"holdout_tokens_{domain}"]
        assert reader.num_bytes == sum(batch.num_bytes for batch in reader.windows_sequential(64, 4))
    assert found == held_out


def test_workers_and_batches_do_not_matter(
    store: Store, inputs: dict[str, Artifact], packed: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = build(store, "test/shards", pack_shards, mixture_config(), inputs, workers=2, code="2")
    assert again.digest == packed.digest
    monkeypatch.setattr(encode_documents, "_BATCH_CHARS", 1000)
    again = build(store, "test/shards", pack_shards, mixture_config(), inputs, workers=3, code="3")
    assert again.digest == packed.digest
    other = build(store, "test/shards", pack_shards, mixture_config(seed=1), inputs)
    assert other.digest != packed.digest


def test_domains_outside_the_mixture_are_dropped_and_counted(store: Store, inputs: dict[str, Artifact]) -> None:
    config = mixture_config(weights={"code": 1, "chat": 0}, tokens=5000)
    packed = build(store, "test/shards", pack_shards, config, inputs)
    assert list_splits(packed.folder) == ["holdout-code", "train"]
    dropped = packed.manifest.counters.dropped
    assert dropped["domain_not_in_mixture"] == sum(
        r["domain"] != "code" for s in ("train", "holdout") for r in documents(s)
    )
    assert dropped["over_budget"] > 0


def test_a_budget_beyond_the_corpus_is_refused(store: Store, inputs: dict[str, Artifact]) -> None:
    with pytest.raises(UserError, match=r"mixture: not enough tokens .* lower mixture\.tokens from 50,000,000 to"):
        build(store, "test/shards", pack_shards, mixture_config(tokens=50_000_000), inputs)


def test_files_are_named_as_documented(packed: Artifact) -> None:
    names = {Path(entry.path).name for entry in packed.manifest.files}
    assert {"train-00000.bin", "train-00000.idx", "holdout-code-00000.bin", "index.json", "documents.jsonl.zst"} < names
    assert not (packed.folder / "workspace").exists()
