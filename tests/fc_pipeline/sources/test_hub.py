import gzip
import hashlib
import io
import json
import os
from pathlib import Path

import pyarrow
import pytest
import zstandard
from pyarrow import parquet

from fc_model.artifacts import read_records
from fc_model.errors import UserError
from fc_pipeline.sources.catalogue import resolve_source
from fc_pipeline.sources.fetch import fetch_source

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = [{"text": f"document {number}", "id": f"row-{number}", "url": f"u{number}"} for number in range(2000)]


def as_parquet(rows: list[dict]) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), file, row_group_size=500)
    return file.getvalue()


def as_lines(rows: list[dict]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


SHARDS = {
    "data/train-0.parquet": as_parquet(ROWS[:1200]),
    "data/train-1.parquet": as_parquet(ROWS[1200:]),
    "lines/part-0.jsonl.zst": zstandard.compress(as_lines(ROWS[:700])),
    "lines/part-1.json.gz": gzip.compress(as_lines(ROWS[700:]), mtime=0),
    "README.md": b"# Demo\n",
}


def git_blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@pytest.fixture
def hub(loopback, monkeypatch):
    """The hub's layout: commit of a branch, tree in two pages, files at `resolve`."""
    monkeypatch.setenv("HF_ENDPOINT", loopback.url)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    base = "/api/datasets/org/demo"
    entries = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": "data"}]
    for path, data in SHARDS.items():
        entry = {"type": "file", "oid": git_blob(data), "size": len(data), "path": path}
        if not path.endswith(".md"):
            entry |= {"lfs": {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}, "oid": "f" * 40, "size": 134}
        entries.append(entry)
        loopback.files[f"/datasets/org/demo/resolve/{COMMIT}/{path}"] = data
    query = f"{base}/tree/{COMMIT}?recursive=true&expand=false"
    following = f"{query}&cursor=abc"
    link = {"Link": f'<{loopback.url}{following}>; rel="next"', "Content-Type": "application/json"}
    loopback.files |= {
        f"{base}/revision/main": json.dumps({"sha": COMMIT}).encode(),
        query: (json.dumps(entries[:3]).encode(), link),
        following: json.dumps(entries[3:]).encode(),
    }
    return loopback


def source(**fields) -> dict:
    entry = {
        "name": "demo",
        "kind": "hub",
        "repo": "org/demo",
        "revision": COMMIT,
        "licence": "ODC-By-1.0",
        "domain": "science",
        "files": [
            {"glob": "data/*.parquet", "format": "parquet", "fields": {"text": "{text}", "key": "id", "meta": ["url"]}}
        ],
    }
    return resolve_source({**entry, **fields}).model_dump(mode="json")


def relist(hub, path: str, data: bytes) -> None:
    """Put other bytes in the place of a shard, and list them as such."""
    for page in [name for name in hub.files if "/tree/" in name]:
        body, headers = hub.files[page] if isinstance(hub.files[page], tuple) else (hub.files[page], {})
        entries = json.loads(body)
        for listed in entries:
            if listed["path"] == path:
                listed["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}
        hub.files[page] = (json.dumps(entries).encode(), headers)
    hub.files[f"/datasets/org/demo/resolve/{COMMIT}/{path}"] = data


LINES = [{"glob": "lines/*", "format": "jsonl", "fields": {"text": "{text}", "key": "id"}}]


def texts(artifact) -> list[str]:
    return [record["text"] for record in read_records(artifact.path("documents.jsonl.zst"))]


def test_parquet_shards_are_read_in_order(hub, run_step) -> None:
    artifact = run_step(fetch_source, "sources/demo", source())
    assert texts(artifact) == [row["text"] for row in ROWS]
    first = next(read_records(artifact.path("documents.jsonl.zst")))
    assert first["id"] == "demo/data/train-0.parquet#row-0"
    assert first["meta"] == {"path": "data/train-0.parquet", "format": "parquet", "url": "u0"}


def test_packed_lines_are_read(hub, run_step) -> None:
    assert texts(run_step(fetch_source, "sources/demo", source(files=LINES))) == [row["text"] for row in ROWS]


def test_a_broken_shard_download_resumes(hub, run_step) -> None:
    path = f"/datasets/org/demo/resolve/{COMMIT}/data/train-0.parquet"
    rows = [{"text": os.urandom(100).hex(), "id": f"row-{number}", "url": ""} for number in range(3000)]
    data = as_parquet(rows)
    relist(hub, "data/train-0.parquet", data)
    hub.break_after[path] = [200_000]
    assert len(texts(run_step(fetch_source, "sources/demo", source()))) == 3000 + 800
    ranges = [asked for asked_path, asked in hub.requests if asked_path == path]
    assert ranges[0] is None and ranges[1].startswith("bytes=") and len(ranges) == 2


def test_a_cap_on_bytes_takes_fewer_shards(hub, run_step) -> None:
    size = len(SHARDS["data/train-0.parquet"])
    artifact = run_step(fetch_source, "sources/demo", source(max_bytes=size))
    assert len(texts(artifact)) in (800, 1200)


def test_a_branch_is_refused_and_its_commit_named(hub, run_step) -> None:
    with pytest.raises(UserError, match=f"revision 'main' moves; pin it with `revision: {COMMIT}`"):
        run_step(fetch_source, "sources/demo", source(revision="main"))


def test_a_shard_that_differs_from_the_listing_is_refused(hub, run_step) -> None:
    hub.files[f"/datasets/org/demo/resolve/{COMMIT}/data/train-1.parquet"] = SHARDS["data/train-0.parquet"]
    with pytest.raises(UserError, match=r"train-1\.parquet: checksum is"):
        run_step(fetch_source, "sources/demo", source())


def test_a_missing_text_column_is_named(hub, run_step) -> None:
    files = [{"glob": "data/*.parquet", "format": "parquet", "fields": {"text": "{content}"}}]
    with pytest.raises(UserError, match=r"org/demo/data/train-0\.parquet: no column content; it has id, text, url"):
        run_step(fetch_source, "sources/demo", source(files=files))


@pytest.mark.parametrize("path", ["data/train-0.parquet", "lines/part-0.jsonl.zst", "lines/part-1.json.gz"])
def test_a_truncated_shard_is_one_clear_line(hub, run_step, path: str) -> None:
    """The publisher uploaded a broken file: its checksum is right, its content is cut."""
    relist(hub, path, SHARDS[path][:-50])
    config = source() if path.endswith("parquet") else source(files=LINES)
    with pytest.raises(UserError, match=r"broken .*delete it and fetch it again") as error:
        run_step(fetch_source, "sources/demo", config)
    assert Path(path).name in str(error.value) and "\n" not in str(error.value)


def test_an_unreachable_hub_is_one_line(monkeypatch, run_step) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"cannot be reached .*set HF_ENDPOINT to a mirror"):
        run_step(fetch_source, "sources/demo", source())


def test_an_unknown_data_set_is_one_line(hub, run_step) -> None:
    with pytest.raises(UserError, match="data set org/other: the hub answers 404"):
        run_step(fetch_source, "sources/demo", source(repo="org/other"))
