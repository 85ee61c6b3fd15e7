"""The manifests of the hub's data sets, read from shards with the columns that their cards state."""

from datetime import date, datetime, time
from typing import Any

import pyarrow as pa
import pytest
import zstandard
from factories.loopback_server import Hub
from factories.sources import as_lines, as_parquet, texts

from fc_model.errors import UserError
from fc_pipeline.sources.catalogue import CATALOGUE, read_source, resolve_source
from fc_pipeline.sources.static_checks import source_problems

TEXT = pa.string()


def columns(names: str, **nested: pa.DataType) -> dict[str, pa.DataType]:
    """Of "name:type" by spaces, a text where no type is stated."""
    pairs = (column.partition(":") for column in names.split())
    return {name: pa.type_for_alias(kind or "string") for name, _, kind in pairs} | nested


STARCODER = columns("max_stars_repo_path max_stars_repo_name max_stars_count:int64 id content")
MESSAGE = pa.struct({"content": TEXT, "role": TEXT})
CARDS: dict[str, tuple[str, dict[str, pa.DataType]]] = {
    "refinedweb": (
        "data/train-00000-of-05534-b8fc5348cbe605a5.parquet",
        columns("content url timestamp:timestamp[s] dump segment", image_urls=pa.list_(pa.list_(TEXT))),
    ),
    "fineweb_edu": (
        "sample/10BT/000_00000.parquet",
        columns("text id dump url file_path language language_score:double token_count:int64 score:double "
                "int_score:int64"),
    ),
    "fineweb_edu_dedup": (
        "fineweb-edu-dedup/train-00000-of-00234.parquet",
        columns("text:large_string id", metadata=pa.struct({"url": TEXT, "int_score": pa.int64()})),
    ),
    "finemath": (
        "finemath-4plus/train-00000-of-00064.parquet",
        columns("url fetch_time:int64 content_mime_type warc_filename warc_record_offset:int32 "
                "warc_record_length:int32 text token_count:int32 char_count:int32 metadata score:double "
                "int_score:int64 crawl snapshot_type language language_score:double"),
    ),
    "tinystories": ("data/train-00000-of-00004-2d5a1467fff1081b.parquet", columns("text")),
    "cosmopedia": (
        "cosmopedia-v2/train-00000-of-00104.parquet",
        columns("prompt text token_length:int64 audience format seed_data"),
    ),
    "open_web_math": ("data/train-00000-of-00114-5a023365406cb9c4.parquet", columns("url text date metadata")),
    "ultrachat": (
        "data/train_sft-00000-of-00003-a3ecf92756993583.parquet",
        columns("prompt prompt_id", messages=pa.list_(MESSAGE)),
    ),
    "starcoder_python": ("python/train-00000-of-00059.parquet", STARCODER),
    "jupyter_scripts": ("jupyter-scripts-dedup-filtered/train-00000-of-00002.parquet", STARCODER),
    "lichess_games": (
        "data/year=2017/month=11/train-00000-of-00020.parquet",
        columns("Event Site White Black Result WhiteTitle BlackTitle WhiteElo:int16 BlackElo:int16 "
                "WhiteRatingDiff:int16 BlackRatingDiff:int16 UTCDate:date32 UTCTime:time32[s] ECO Opening "
                "Termination TimeControl movetext"),
    ),
}  # fmt: skip
LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "slimpajama": (
        "train/chunk1/example_train_0.jsonl.zst",
        {"text": "Prose.", "meta": {"redpajama_set_name": "RedPajamaC4"}},
    ),
    "dolma": (
        "data/wiki/wiki-0000.json.gz",
        {"id": "1", "text": "Prose.", "source": "wiki", "added": "2024-01-01", "metadata": {"length": 3}},
    ),
    "starcoder_mix": (
        "data/starcoder/python-0000.json.gz",
        {"id": "1", "text": "Prose.", "added": "2024-01-01", "created": None, "doc": None, "metadata": "{}"},
    ),
}


def sample(kind: pa.DataType, number: int) -> Any:
    """A value of a type."""
    if pa.types.is_struct(kind):
        return {field.name: sample(field.type, number) for field in kind}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [sample(kind.value_type, number)]
    if pa.types.is_timestamp(kind):
        return datetime(2023, 1, 1, second=number)
    if pa.types.is_date(kind):
        return date(2023, 1, 1)
    if pa.types.is_time(kind):
        return time(1, 2, number)
    return number if pa.types.is_integer(kind) or pa.types.is_floating(kind) else f"value {number}"


def shard(columns: dict[str, pa.DataType]) -> bytes:
    rows = [{name: sample(kind, number) for name, kind in columns.items()} for number in range(3)]
    return as_parquet(rows, schema=pa.schema(columns))


def shards(name: str) -> tuple[str, bytes, bytes]:
    """The path of a shard, its bytes, and those of one whose text became a list."""
    if name in LINES:
        path, record = LINES[name]
        return path, *(zstandard.compress(as_lines([row])) for row in (record, {**record, "text": ["a list"]}))
    path, columns = CARDS[name]
    column = next(column for column in ("text", "content", "movetext", "messages") if column in columns)
    return path, shard(columns), shard({**columns, column: pa.list_(TEXT)})


@pytest.fixture
def serve(loopback, monkeypatch):
    def serve(name: str, path: str, data: bytes) -> dict[str, Any]:
        monkeypatch.setenv("HF_ENDPOINT", loopback.url)
        entry = CATALOGUE.read(name)
        Hub(loopback, entry["repo"], entry["revision"], {"README.md": b"# Card\n", path: data})
        return resolve_source(entry).model_dump(mode="json")

    return serve


def test_every_hub_manifest_is_tested() -> None:
    hubs = {name for name in CATALOGUE.names() if CATALOGUE.read(name)["kind"] == "hub"}
    assert hubs == set(CARDS) | set(LINES)
    for name in hubs:
        source = read_source(name)
        assert list(source_problems(source)) == [] and all(spec.columns for spec in source.files), name
        assert source.published is not None and source.published.card, f"{name} names the card of its columns"


@pytest.mark.parametrize("name", [*sorted(CARDS), *LINES])
def test_a_shard_of_the_stated_columns_becomes_documents_and_one_of_others_is_refused(name: str, serve, fetch) -> None:
    path, data, changed = shards(name)
    artifact = fetch(serve(name, path, data))
    assert artifact.manifest.counters.kept == (3 if name in CARDS else 1)
    assert all(("value" if name in CARDS else "Prose.") in text for text in texts(artifact))
    assert artifact.manifest.counters.quarantined == 0
    message = r"expected schema: .*column (text|content|movetext|messages): expected .*, is list<string>"
    with pytest.raises(UserError, match=message):
        fetch({**serve(name, path, changed), "name": "changed"})
