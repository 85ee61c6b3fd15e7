"""The manifests of the hub's data sets, read from shards with the columns that their cards state."""

from datetime import date, datetime, time
from typing import Any

import pyarrow as pa
import pytest
import zstandard
from factories.loopback_server import Hub
from factories.sources import as_lines, as_parquet, texts

from fc_model.errors import UserError
from fc_pipeline.sources.catalogue import CATALOGUE, resolve_source

TEXT = pa.string()
WEB = {"language": TEXT, "language_score": pa.float64(), "token_count": pa.int64(), "score": pa.float64()}
STARCODER = {
    "max_stars_repo_path": TEXT, "max_stars_repo_name": TEXT, "max_stars_count": pa.int64(), "id": TEXT, "content": TEXT
}  # fmt: skip
MESSAGE = pa.struct({"content": TEXT, "role": TEXT})
CARDS: dict[str, tuple[str, dict[str, pa.DataType]]] = {
    "refinedweb": (
        "data/train-00000-of-05534-b8fc5348cbe605a5.parquet",
        {
            "content": TEXT, "url": TEXT, "timestamp": pa.timestamp("s"), "dump": TEXT, "segment": TEXT,
            "image_urls": pa.list_(pa.list_(TEXT)),
        },
    ),
    "fineweb_edu": (
        "sample/10BT/000_00000.parquet",
        {"text": TEXT, "id": TEXT, "dump": TEXT, "url": TEXT, "file_path": TEXT, **WEB, "int_score": pa.int64()},
    ),
    "fineweb_edu_dedup": (
        "fineweb-edu-dedup/train-00000-of-00234.parquet",
        {"text": pa.large_string(), "id": TEXT, "metadata": pa.struct({"url": TEXT, "int_score": pa.int64()})},
    ),
    "finemath": (
        "finemath-4plus/train-00000-of-00064.parquet",
        {
            "url": TEXT, "fetch_time": pa.int64(), "content_mime_type": TEXT, "warc_filename": TEXT,
            "warc_record_offset": pa.int32(), "warc_record_length": pa.int32(), "text": TEXT,
            "token_count": pa.int32(), "char_count": pa.int32(), "metadata": TEXT, "score": pa.float64(),
            "int_score": pa.int64(), "crawl": TEXT, "snapshot_type": TEXT, "language": TEXT,
            "language_score": pa.float64(),
        },
    ),
    "stack_edu": (
        "Python/train-00000-of-00005.parquet",
        {
            "blob_id": TEXT, "language": TEXT, "repo_name": TEXT, "path": TEXT, "src_encoding": TEXT,
            "length_bytes": pa.int64(), "score": pa.float64(), "int_score": pa.int64(),
            "detected_licenses": pa.large_list(pa.large_string()), "license_type": TEXT, "text": TEXT,
        },
    ),
    "tinystories": ("data/train-00000-of-00004-2d5a1467fff1081b.parquet", {"text": TEXT}),
    "cosmopedia": (
        "cosmopedia-v2/train-00000-of-00104.parquet",
        {"prompt": TEXT, "text": TEXT, "token_length": pa.int64(), "audience": TEXT, "format": TEXT, "seed_data": TEXT},
    ),
    "open_web_math": (
        "data/train-00000-of-00114-5a023365406cb9c4.parquet",
        {"url": TEXT, "text": TEXT, "date": TEXT, "metadata": TEXT},
    ),
    "ultrachat": (
        "data/train_sft-00000-of-00003-a3ecf92756993583.parquet",
        {"prompt": TEXT, "prompt_id": TEXT, "messages": pa.list_(MESSAGE)},
    ),
    "starcoder_python": ("python/train-00000-of-00059.parquet", STARCODER),
    "jupyter_scripts": ("jupyter-scripts-dedup-filtered/train-00000-of-00002.parquet", STARCODER),
    "lichess_games": (
        "data/year=2017/month=11/train-00000-of-00020.parquet",
        {
            "Event": TEXT, "Site": TEXT, "White": TEXT, "Black": TEXT, "Result": TEXT, "WhiteTitle": TEXT,
            "BlackTitle": TEXT, "WhiteElo": pa.int16(), "BlackElo": pa.int16(), "WhiteRatingDiff": pa.int16(),
            "BlackRatingDiff": pa.int16(), "UTCDate": pa.date32(), "UTCTime": pa.time32("s"), "ECO": TEXT,
            "Opening": TEXT, "Termination": TEXT, "TimeControl": TEXT, "movetext": TEXT,
        },
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
}
COMMIT = "89abcdef0123456789abcdef0123456789abcdef"


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
        commit = COMMIT if entry["revision"] == "main" else entry["revision"]
        Hub(loopback, entry["repo"], commit, {"README.md": b"# Card\n", path: data})
        return resolve_source({**entry, "revision": commit}).model_dump(mode="json")

    return serve


def test_every_hub_manifest_is_tested() -> None:
    hubs = {name for name in CATALOGUE.names() if CATALOGUE.read(name)["kind"] == "hub"}
    assert hubs == set(CARDS) | set(LINES)
    for name in hubs:
        assert all(spec.get("schema") for spec in CATALOGUE.read(name)["files"]), f"{name} states its schema"


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


def test_the_hubs_own_stack_edu_has_no_text_and_says_so(serve, fetch) -> None:
    path, columns = CARDS["stack_edu"]
    config = serve("stack_edu", path, shard({name: kind for name, kind in columns.items() if name != "text"}))
    with pytest.raises(UserError, match=r"Python/train-00000-of-00005\.parquet: .*column text is gone"):
        fetch(config)
