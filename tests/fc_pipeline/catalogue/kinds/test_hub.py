import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow
import pytest
import zstandard
from factories.loopback_server import Cut, Hub, Redirect, Status
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


@pytest.fixture
def hub(loopback, monkeypatch) -> Hub:
    monkeypatch.setenv("HF_ENDPOINT", loopback.url)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return Hub(loopback, "org/demo", COMMIT, SHARDS)


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


def test_a_file_of_another_format_is_read_whole(hub, run_step) -> None:
    config = source(files=[{"glob": "*.md", "format": "md"}])
    assert texts(run_step(fetch_source, "sources/demo", config)) == ["# Demo"]


def test_the_bytes_do_not_depend_on_the_workers(hub, run_step) -> None:
    files = [*source()["files"], *LINES, {"glob": "*.md", "format": "md"}]
    one = run_step(fetch_source, "sources/demo", source(files=files))
    assert run_step(fetch_source, "sources/demo", source(files=files), workers=2).digest == one.digest


def test_every_fault_of_the_line_is_borne(hub, run_step, waits) -> None:
    rows = [{"text": os.urandom(100).hex(), "id": f"row-{number}", "url": ""} for number in range(3000)]
    hub.put("data/train-0.parquet", as_parquet(rows))
    shard, tree = hub.address("data/train-0.parquet"), hub.tree
    hub.loopback.faults |= {
        tree: [Status(429, {"Retry-After": "3"}), Cut(20)],
        f"{tree}&cursor=1": [Status(500)],
        shard: [Status(502)],
        hub.store("data/train-0.parquet"): [Cut(200_000), Status(503, {"Retry-After": "5"}), Cut(100_000)],
    }
    assert len(texts(run_step(fetch_source, "sources/demo", source()))) == 3000 + 800
    starts = hub.loopback.starts(hub.store("data/train-0.parquet"))
    assert starts[0] == 0 and 0 < starts[1] == starts[2] < starts[3]
    assert 4.0 in waits and 5.0 in waits, "huggingface_hub adds a second"


def test_a_shard_leaves_the_cache_when_it_was_read(hub, run_step, tmp_path: Path) -> None:
    artifact = run_step(fetch_source, "sources/demo", source(keep_shards=False))
    assert len(texts(artifact)) == len(ROWS)
    assert not list((tmp_path / "home" / "cache").rglob("*.parquet"))


def test_the_token_goes_to_the_hub_and_nowhere_else(hub, run_step, monkeypatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    store = f"http://localhost:{hub.loopback.url.rsplit(':', 1)[1]}{hub.store('data/train-0.parquet')}"
    hub.loopback.files[hub.address("data/train-0.parquet")] = Redirect(store)
    run_step(fetch_source, "sources/demo", source())
    assert hub.loopback.authorizations[hub.tree] == "Bearer secret"
    assert hub.loopback.authorizations[hub.store("data/train-0.parquet")] is None


def test_a_cap_on_bytes_takes_fewer_shards(hub, run_step) -> None:
    size = len(SHARDS["data/train-0.parquet"])
    artifact = run_step(fetch_source, "sources/demo", source(max_bytes=size))
    assert len(texts(artifact)) in (800, 1200)


def test_a_branch_is_refused_and_its_commit_named(hub, run_step) -> None:
    with pytest.raises(UserError, match=f"revision 'main' moves; pin it with `revision: {COMMIT}`"):
        run_step(fetch_source, "sources/demo", source(revision="main"))


def test_a_shard_that_differs_from_the_listing_is_refused(hub, run_step) -> None:
    hub.put("data/train-1.parquet", SHARDS["data/train-0.parquet"], listed=SHARDS["data/train-1.parquet"])
    with pytest.raises(UserError, match=r"train-1\.parquet: checksum is"):
        run_step(fetch_source, "sources/demo", source())


def test_a_missing_text_column_is_named(hub, run_step) -> None:
    files = [{"glob": "data/*.parquet", "format": "parquet", "fields": {"text": "{content}"}}]
    with pytest.raises(UserError, match=r"source demo: data/train-0\.parquet: no column content; it has id, text, url"):
        run_step(fetch_source, "sources/demo", source(files=files))


@pytest.mark.parametrize("path", ["data/train-0.parquet", "lines/part-0.jsonl.zst", "lines/part-1.json.gz"])
def test_a_truncated_shard_is_one_clear_line(hub, run_step, path: str) -> None:
    """The publisher uploaded a broken file: its checksum is right, its content is cut."""
    hub.put(path, SHARDS[path][:-50])
    config = source() if path.endswith("parquet") else source(files=LINES)
    with pytest.raises(UserError, match=r"broken (parquet|jsonl): .*delete .* and fetch it again") as error:
        run_step(fetch_source, "sources/demo", config)
    assert Path(path).name in str(error.value) and "\n" not in str(error.value)


def test_an_unreachable_hub_is_one_line(monkeypatch, run_step) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"data set org/demo at http.*\(HF_ENDPOINT\): no answer \(ConnectError"):
        run_step(fetch_source, "sources/demo", source())


def test_an_unknown_data_set_is_one_line(hub, run_step) -> None:
    with pytest.raises(UserError, match=r"data set org/other at .*: the server answered 404: it is not there"):
        run_step(fetch_source, "sources/demo", source(repo="org/other"))


def test_a_path_that_leads_out_of_the_data_set_is_refused(hub, run_step) -> None:
    hub.put("../../evil.parquet", b"")
    with pytest.raises(UserError, match=r"it lists '\.\./\.\./evil\.parquet', which leads out of it"):
        run_step(fetch_source, "sources/demo", source())


def test_the_newest_commit_is_told_without_heavy_imports(hub) -> None:
    code = f"""
import sys
from fc_pipeline.catalogue.kinds.hub import newest_commit
assert newest_commit("org/demo", "main") == "{COMMIT}"
print([name for name in ("torch", "pyarrow", "numpy", "datatrove", "docutils", "pandas") if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_changed_schema_is_refused_with_the_difference(hub, run_step) -> None:
    schema = {"text": "string", "id": "string", "url": "list<string>", "score": "double"}
    spec = {**source()["files"][0], "schema": schema}
    with pytest.raises(UserError) as error:
        run_step(fetch_source, "sources/demo", source(files=[spec]))
    assert str(error.value).startswith(
        "source demo: data/train-0.parquet: not the expected schema: column url: expected list<string>, is string; "
        "column score is gone; correct"
    )
    lines = [{**LINES[0], "schema": {"text": "string", "id": "int64"}}]
    with pytest.raises(UserError, match="record 0: not the expected schema: column id: expected int64, is string"):
        run_step(fetch_source, "sources/demo", source(files=lines))
