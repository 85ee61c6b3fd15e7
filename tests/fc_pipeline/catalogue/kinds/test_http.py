import gzip
import hashlib
import json
from typing import Any

import pytest
from factories.loopback_server import Cut, Status

from fc_model.artifacts import read_records
from fc_model.errors import UserError
from fc_pipeline.sources.catalogue import resolve_source
from fc_pipeline.sources.fetch import fetch_source

TEXT = b"A text of the web.\n"
LINES = gzip.compress(b"".join(json.dumps({"t": f"line {n}", "n": n}).encode() + b"\n" for n in range(5000)), mtime=0)
TEXTS = {"glob": "*.txt", "format": "txt"}
RECORDS = {
    "glob": "**/*.jsonl.gz", "format": "jsonl", "fields": {"text": "{t}"}, "schema": {"t": "string", "n": "int64"}
}  # fmt: skip


def source(loopback, files: dict[str, bytes], *specs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    loopback.files |= {f"/files/{name}": data for name, data in files.items()}
    urls = [
        {"url": f"{loopback.url}/files/{name}", "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    ]
    entry = {"name": "web", "kind": "http", "licence": "CC0-1.0", "domain": "science", "urls": urls, "files": specs}
    return resolve_source({**entry, **fields}).model_dump(mode="json")


def test_files_of_the_web_become_documents_in_their_order(loopback, run_step) -> None:
    config = source(loopback, {"z.jsonl.gz": LINES, "a.txt": TEXT}, TEXTS, RECORDS)
    artifact = run_step(fetch_source, "sources/web", config)
    documents = list(read_records(artifact.path("documents.jsonl.zst")))
    assert len(documents) == 5001
    assert (documents[0]["id"], documents[0]["text"]) == ("web/z.jsonl.gz#0", "line 0")
    assert documents[-1]["id"] == "web/a.txt"
    loopback.files.clear()
    assert run_step(fetch_source, "sources/web", config, workers=2).digest == artifact.digest, "from the cache"


def test_a_download_is_resumed_and_waits_when_told(loopback, run_step, waits) -> None:
    config = source(loopback, {"a.txt": TEXT * 50_000}, TEXTS)
    loopback.faults |= {"/files/a.txt": [Cut(300_000), Status(429, {"Retry-After": "9"}), Cut(300_000)]}
    assert run_step(fetch_source, "sources/web", config).manifest.counters.kept == 1
    starts = loopback.starts("/files/a.txt")
    assert 0 == starts[0] < starts[1] == starts[2] < starts[3] and 9.0 in waits


def test_changed_content_and_a_missing_file_are_refused(loopback, run_step) -> None:
    config = source(loopback, {"a.txt": TEXT}, TEXTS)
    loopback.files["/files/a.txt"] = TEXT + b"more"
    with pytest.raises(UserError, match=r"a\.txt: checksum is .*: the content changed under the pin"):
        run_step(fetch_source, "sources/web", config)
    loopback.files.clear()
    with pytest.raises(UserError, match=r"a\.txt: the server answered 404"):
        run_step(fetch_source, "sources/web", config)


def test_another_schema_is_refused(loopback, run_step) -> None:
    lines = b'{"t": "x", "n": 1}\n{"t": ["x"], "url": "u"}\n'
    with pytest.raises(UserError) as error:
        run_step(fetch_source, "sources/web", source(loopback, {"x.jsonl.gz": lines}, RECORDS))
    assert str(error.value).startswith(
        "source web: x.jsonl.gz: record 1: not the expected schema: column t: expected string, is list<string>; "
        "column n is gone; new: url (string)"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1/", "names no file; give it a `path`"),
        ("http://127.0.0.1/%2e%2e", "leads out of the source"),
        ("http://user:word@127.0.0.1/a.txt", "String should match pattern"),
        ("file:///etc/passwd", "String should match pattern"),
    ],
)
def test_an_address_that_names_no_file_inside_the_source(url: str, message: str, loopback) -> None:
    with pytest.raises(UserError, match=message):
        source(loopback, {}, TEXTS, urls=[{"url": url, "sha256": "0" * 64}])


def test_two_files_of_one_name_need_paths(loopback) -> None:
    urls = [{"url": f"http://127.0.0.1/{folder}/a.txt", "sha256": "0" * 64} for folder in "xy"]
    with pytest.raises(UserError, match=r"two files are called a\.txt; give each a `path`"):
        source(loopback, {}, TEXTS, urls=urls)
    source(loopback, {}, TEXTS, urls=[{**url, "path": f"{number}/a.txt"} for number, url in enumerate(urls)])
