"""Lineage: each token of the shards is found again in the document that it came from."""

import pytest
from factories.build import build
from factories.stdlib_corpus import CANARY, Packed, documents, mixture_config, tokenizer_config

from fc_model.artifacts import Artifact, read_records
from fc_model.data.token_shards import Shards, list_splits
from fc_model.errors import UserError
from fc_model.tokenizer import Tokenizer
from fc_pipeline.lineage import trace
from fc_pipeline.lineage.trace import find_text, trace_position, trace_text, trace_token
from fc_pipeline.tokens.pack import pack_shards
from fc_pipeline.tokens.train_tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def built(packed: Packed) -> dict[str, Artifact]:
    small, other = mixture_config(weights={"chat": 1}, tokens=160, shard_tokens=50), tokenizer_config(vocab_size=900)
    return {
        "shards": packed.shards,
        "small": build(packed.store, "test/small_shards", pack_shards, small, packed.inputs),
        "tokenizer": packed.tokenizer,
        "other": build(packed.store, "test/other", train_tokenizer, other, {"documents": packed.split}),
    }


@pytest.fixture(scope="module")
def tokenizer(built: dict[str, Artifact]) -> Tokenizer:
    return Tokenizer(built["tokenizer"].path("tokenizer.model"))


def test_trace_every_token(built: dict[str, Artifact], tokenizer: Tokenizer) -> None:
    records = {record["id"]: record for side in ("train", "holdout") for record in documents(side)}
    shards = built["small"]
    reader = Shards(shards.folder, "train")
    ids = reader.tokens(0, reader.num_tokens)
    assert len(ids) > 120 and len(list(shards.folder.glob("train-*.bin"))) > 1
    for position in range(reader.num_tokens):
        origin = trace_token(shards, "train", position)
        record = records[origin.id]
        assert (origin.source, origin.domain, origin.licence) == (record["source"], record["domain"], record["licence"])
        document = [*tokenizer.encode(record["text"]), tokenizer.eos_id]
        assert document[origin.offset] == ids[position]
        assert origin.token == tokenizer.decode([document[origin.offset]])
        assert origin.before == tokenizer.decode(document[max(0, origin.offset - 40) : origin.offset])
        assert origin.after == tokenizer.decode(document[origin.offset + 1 : origin.offset + 41])


def test_find_canary(built: dict[str, Artifact], tokenizer: Tokenizer) -> None:
    (hit,) = find_text(built["shards"], tokenizer, CANARY)
    text = next(record["text"] for record in documents("train") if record["id"] == "prose/enum")
    assert (hit.id, hit.split, hit.licence, hit.source) == ("prose/enum", "train", "PSF-2.0", "prose-source")
    assert text.encode()[hit.offset :].startswith(CANARY.encode())
    # From the middle of a piece to the middle of another.
    for start, stop in ((1, -1), (3, 20), (11, 44)):
        places = find_text(built["shards"], tokenizer, CANARY[start:stop])
        assert [(place.id, place.offset) for place in places] == [(hit.id, hit.offset + start)]


@pytest.mark.parametrize("wanted", ["7919", "Größe", "the", "日本語の文 said", "\n\n", "▁▁"])
@pytest.mark.parametrize("chunk_tokens", [1, 500])
def test_find_equals_search_of_texts(
    built: dict[str, Artifact], tokenizer: Tokenizer, wanted: str, chunk_tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "_CHUNK_TOKENS", chunk_tokens)
    texts = {(side, record["id"]): record["text"] for side in ("train", "holdout") for record in documents(side)}
    shards = built["shards"]
    rows = [(record["split"], record["id"]) for record in read_records(shards.path("documents.jsonl.zst"))]
    expected = set()
    for split in list_splits(shards.folder):
        for row in set(Shards(shards.folder, split).document_rows.tolist()):
            data, target = texts[rows[row]].encode(), wanted.encode()
            expected |= {(split, row, n) for n in range(len(data)) if data.startswith(target, n)}
    assert expected
    assert {(o.split, o.row, o.offset) for o in find_text(shards, tokenizer, wanted)} == expected


def test_find_counts_copies(built: dict[str, Artifact], tokenizer: Tokenizer) -> None:
    rows = Shards(built["shards"].folder, "train").document_rows.tolist()
    copied = [o for o in find_text(built["shards"], tokenizer, " said ") if o.split == "train" and o.domain == "chat"]
    assert all(o.copies == rows.count(o.row) for o in copied)
    assert max(o.copies for o in copied) > 1


def test_find_inside_documents(built: dict[str, Artifact], tokenizer: Tokenizer) -> None:
    reader = Shards(built["small"].folder, "train")
    first, second = (tokenizer.decode(reader.tokens(*reader.document_span(ordinal))) for ordinal in (0, 1))
    assert find_text(built["small"], tokenizer, first[-9:]) and find_text(built["small"], tokenizer, second[:9])
    assert find_text(built["small"], tokenizer, first[-9:] + second[:9]) == []


def test_command(built: dict[str, Artifact], capsys: pytest.CaptureFixture[str]) -> None:
    assert trace_text(built["shards"], built["tokenizer"], CANARY) == 0
    output = capsys.readouterr().out
    assert "prose/enum" in output and "PSF-2.0" in output and "1 places in 1 documents" in output
    assert trace_text(built["shards"], built["tokenizer"], "no document has this line") == 1
    assert "0 places" in capsys.readouterr().out
    assert trace_position(built["small"], "train", 5) == 0
    assert "token 5 of the document" in capsys.readouterr().out


def test_refused(built: dict[str, Artifact], tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError, match="not empty"):
        find_text(built["shards"], tokenizer, "")
    with pytest.raises(UserError, match="pack the shards again"):
        trace_text(built["shards"], built["other"], CANARY)
    with pytest.raises(UserError, match="no split 'test'"):
        trace_token(built["shards"], "test", 0)
    with pytest.raises(UserError, match="none at 999999999"):
        trace_token(built["shards"], "train", 999_999_999)
