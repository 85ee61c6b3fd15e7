import gzip
import hashlib
from typing import Any

import pytest
from factories import sources
from factories.loopback_server import Cut
from factories.sources import as_lines, documents, files, texts

from fc_model.errors import UserError

TEXT = b"A text of the web.\n"
LINES = gzip.compress(as_lines([{"t": f"line {n}", "n": n} for n in range(5000)]), mtime=0)
TEXTS = files("*.txt", "txt")
RECORDS = files("**/*.jsonl.gz", "jsonl", schema={"t": "string", "n": "int64"})


def source(loopback, contents: dict[str, bytes], *specs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    loopback.files |= {f"/files/{name}": data for name, data in contents.items()}
    urls = [
        {"url": f"{loopback.url}/files/{name}", "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in contents.items()
    ]
    return sources.source("http", *specs, **{"urls": urls, **fields})


def test_files_of_the_web_become_documents_in_their_order(loopback, fetch) -> None:
    config = source(loopback, {"z.jsonl.gz": LINES, "a.txt": TEXT}, TEXTS, RECORDS)
    loopback.faults["/files/z.jsonl.gz"] = [Cut(9000)]
    artifact = fetch(config)
    records = documents(artifact)
    assert len(records) == 5001
    assert (records[0]["id"], records[0]["text"]) == ("demo/z.jsonl.gz#0", "line 0")
    assert records[-1]["id"] == "demo/a.txt"
    loopback.files.clear()
    assert fetch(config, workers=2).digest == artifact.digest, "from the cache"


def test_changed_content_and_a_missing_file_are_refused(loopback, fetch) -> None:
    config = source(loopback, {"a.txt": TEXT}, TEXTS)
    loopback.files["/files/a.txt"] = TEXT + b"more"
    with pytest.raises(UserError, match=r"a\.txt: checksum is .*: the content changed under the pin"):
        fetch(config)
    loopback.files.clear()
    with pytest.raises(UserError, match=r"a\.txt: the server answered 404"):
        fetch(config)


def test_another_schema_is_refused(loopback, fetch) -> None:
    lines = b'{"t": "x", "n": 1}\n{"t": ["x"], "url": "u"}\n'
    with pytest.raises(UserError) as error:
        fetch(source(loopback, {"x.jsonl.gz": lines}, RECORDS))
    assert str(error.value).startswith(
        "source demo: x.jsonl.gz: record 1: not the expected schema: column t: expected string, is list<string>; "
        "column n is gone; new: url (string)"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1/", "names no file; give it a `path`"),
        ("http://127.0.0.1/%2e%2e", "leads out of the source"),
        ("http://user:word@127.0.0.1/a.txt", "the address of 127.0.0.1 has credentials: take out what stands before"),
        ("https://user@host.org", "the address of host.org has credentials"),
        ("file:///etc/passwd", "'file:///etc/passwd' is no address of the web: write https://host/path"),
        ("https:///a.txt", "is no address of the web"),
        ("https://host.org/a b.txt", "is no address of the web"),
    ],
)
def test_an_address_that_names_no_file_inside_the_source(url: str, message: str, loopback) -> None:
    with pytest.raises(UserError, match=message):
        source(loopback, {}, TEXTS, urls=[{"url": url, "sha256": "0" * 64}])


def test_an_address_may_have_an_at_sign_in_its_path(loopback, fetch) -> None:
    address = "/npm/pkg@1.2.3/data@2.txt"
    loopback.files[address] = b"words"
    pin = {"url": f"{loopback.url}{address}?by=a@b#c@d", "sha256": hashlib.sha256(b"words").hexdigest()}
    loopback.files[f"{address}?by=a@b"] = b"words"
    assert texts(fetch(source(loopback, {}, TEXTS, urls=[pin]))) == ["words"]


def test_two_files_of_one_name_need_paths(loopback) -> None:
    urls = [{"url": f"http://127.0.0.1/{folder}/a.txt", "sha256": "0" * 64} for folder in "xy"]
    with pytest.raises(UserError, match=r"two files are called a\.txt; give each a `path`"):
        source(loopback, {}, TEXTS, urls=urls)
    source(loopback, {}, TEXTS, urls=[{**url, "path": f"{number}/a.txt"} for number, url in enumerate(urls)])
