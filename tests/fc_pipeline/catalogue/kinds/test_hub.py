import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from factories import sources
from factories.loopback_server import Cut, Hub, Redirect, Status
from factories.sources import as_lines, as_parquet, documents, files, texts

from fc_model.errors import UserError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = [{"text": f"document {number}", "id": f"row-{number}", "url": f"u{number}"} for number in range(2000)]
TABLES = files("data/*.parquet", "parquet", fields={"text": "{text}", "key": "id", "meta": ["url"]})
LINES = files("lines/*", "jsonl", fields={"text": "{text}", "key": "id"})
PAGES = files("*.md", "md")
SHARDS = {
    "data/train-0.parquet": as_parquet(ROWS[:1200]),
    "data/train-1.parquet": as_parquet(ROWS[1200:]),
    "lines/part-0.jsonl.zst": zstandard.compress(as_lines(ROWS[:700])),
    "lines/part-1.json.gz": gzip.compress(as_lines(ROWS[700:]), mtime=0),
    "README.md": b"# Demo\n",
}


@pytest.fixture
def hub(loopback, monkeypatch) -> Hub:
    monkeypatch.setenv("HF_ENDPOINT", loopback.url)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return Hub(loopback, "org/demo", COMMIT, SHARDS)


def source(*specs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    pin = {"repo": "org/demo", "revision": COMMIT, "licence": "ODC-By-1.0"}
    return sources.source("hub", *(specs or [TABLES]), **{**pin, **fields})


def test_shards_are_read_in_order_whatever_their_format_and_the_number_of_workers(hub, fetch) -> None:
    artifact = fetch(source(TABLES, LINES, PAGES))
    assert texts(artifact) == ["# Demo", *[row["text"] for row in ROWS] * 2]
    first = documents(artifact)[1]
    assert first["id"] == "demo/data/train-0.parquet#row-0"
    assert first["meta"] == {"path": "data/train-0.parquet", "format": "parquet", "url": "u0"}
    assert fetch(source(TABLES, LINES, PAGES), workers=2).digest == artifact.digest


def test_every_fault_of_the_line_is_borne(hub, fetch, waits) -> None:
    rows = [{"text": os.urandom(100).hex(), "id": f"row-{number}", "url": ""} for number in range(3000)]
    hub.put("data/train-0.parquet", as_parquet(rows))
    shard, tree = hub.address("data/train-0.parquet"), hub.tree
    hub.loopback.faults |= {
        tree: [Status(429, {"Retry-After": "3"}), Cut(20)],
        f"{tree}&cursor=1": [Status(500)],
        shard: [Status(502)],
        hub.store("data/train-0.parquet"): [Cut(200_000), Status(503, {"Retry-After": "5"}), Cut(100_000)],
    }
    assert len(texts(fetch(source()))) == 3000 + 800
    starts = hub.loopback.starts(hub.store("data/train-0.parquet"))
    assert starts[0] == 0 and 0 < starts[1] == starts[2] < starts[3]
    assert 4.0 in waits and 5.0 in waits, "huggingface_hub adds a second"


def test_the_token_goes_to_the_hub_and_nowhere_else(hub, fetch, monkeypatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    store = f"http://localhost:{hub.loopback.url.rsplit(':', 1)[1]}{hub.store('data/train-0.parquet')}"
    hub.loopback.files[hub.address("data/train-0.parquet")] = Redirect(store)
    fetch(source())
    assert hub.loopback.authorizations[hub.tree] == "Bearer secret"
    assert hub.loopback.authorizations[hub.store("data/train-0.parquet")] is None


def test_a_cap_on_bytes_takes_fewer_shards_and_what_was_read_may_leave_the_cache(hub, fetch, tmp_path: Path) -> None:
    size = len(SHARDS["data/train-0.parquet"])
    assert len(texts(fetch(source(max_bytes=size, keep_shards=False)))) in (800, 1200)
    assert not list((tmp_path / "home" / "cache").rglob("*.parquet"))


def test_a_shard_that_differs_from_the_listing_is_refused(hub, fetch) -> None:
    hub.put("data/train-1.parquet", SHARDS["data/train-0.parquet"], listed=SHARDS["data/train-1.parquet"])
    with pytest.raises(UserError, match=r"train-1\.parquet: checksum is"):
        fetch(source())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"revision": "main"}, f"revision 'main' moves; pin it with `revision: {COMMIT}`"),
        ({"repo": "org/other"}, r"data set org/other at .*: the server answered 404: it is not there"),
        (
            {"files": [{**TABLES, "fields": {"text": "{content}"}}]},
            r"source demo: data/train-0\.parquet: no column content; it has id, text, url",
        ),
    ],
)
def test_a_wrong_definition_is_one_line(hub, fetch, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        fetch(source(**fields))


@pytest.mark.parametrize("path", ["data/train-0.parquet", "lines/part-0.jsonl.zst", "lines/part-1.json.gz"])
def test_a_truncated_shard_is_one_clear_line(hub, fetch, path: str) -> None:
    """The publisher uploaded a broken file: its checksum is right, its content is cut."""
    hub.put(path, SHARDS[path][:-50])
    config = source(TABLES if path.endswith("parquet") else LINES)
    with pytest.raises(UserError, match=r"broken (parquet|jsonl): .*delete .* and fetch it again") as error:
        fetch(config)
    assert Path(path).name in str(error.value) and "\n" not in str(error.value)


def test_a_path_that_leads_out_and_an_unreachable_hub_are_one_line(hub, monkeypatch, fetch) -> None:
    hub.put("../../evil.parquet", b"")
    hub.put("2024-01-02T10:30 notes\\x.md", b"")
    assert texts(fetch(source())), "nobody wants it"
    with pytest.raises(UserError, match=r"it lists '\.\./\.\./evil\.parquet', which leads out of it"):
        fetch(source({**TABLES, "glob": "**/*.parquet"}))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"data set org/demo at http.*\(HF_ENDPOINT\): no answer \(ConnectError"):
        fetch(source(LINES))


def test_the_newest_commit_is_told_without_heavy_imports(hub) -> None:
    code = f"""
import sys
from fc_pipeline.catalogue.kinds.hub import newest_commit
assert newest_commit("org/demo", "main") == "{COMMIT}"
print([name for name in ("torch", "pyarrow", "numpy", "datatrove", "docutils", "pandas") if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_changed_schema_is_refused_with_the_difference(hub, fetch) -> None:
    schema = {"text": "string", "id": "string", "url": "list<string>", "score": "double"}
    with pytest.raises(UserError) as error:
        fetch(source({**TABLES, "schema": schema}))
    assert str(error.value).startswith(
        "source demo: data/train-0.parquet: not the expected schema: column url: expected list<string>, is string; "
        "column score is gone; correct"
    )
    lines = {**LINES, "schema": {"text": "string", "id": "int64"}}
    with pytest.raises(UserError, match="record 0: not the expected schema: column id: expected int64, is string"):
        fetch(source(lines))
