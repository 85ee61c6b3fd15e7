"""A folder of documents: on this machine, and where fsspec reaches."""

from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from factories.sources import as_lines, files, inbox, refused, texts

from fc_model.errors import UserError
from fc_pipeline.sources.schema import parse_source

TEXTS, LINES = files("**/*.txt", "txt"), files("*.jsonl", "jsonl")


@pytest.fixture(params=["file", "memory"])
def folder(request, tmp_path: Path) -> tuple[str, Callable[[str, bytes | None], None]]:
    """An address, and a function that puts a file there, or removes it."""
    root = str(tmp_path / "an inbox")
    system = fsspec.filesystem(request.param)

    def put(name: str, data: bytes | None) -> None:
        path = f"{root}/{name}"
        if data is None:
            system.rm(path)
        else:
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
            system.pipe(path, data)

    for name, data in {"deep/a.txt": b"first", "b.jsonl": as_lines([{"t": "second"}]), "ignored.bin": b"x"}.items():
        put(name, data)
    yield (root if request.param == "file" else f"memory:/{root}"), put
    system.rm(root, recursive=True)


def test_a_folder_is_read_in_the_order_of_paths(folder, fetch) -> None:
    planned = inbox(folder[0], TEXTS, LINES)
    assert [file["path"] for file in planned["content"]] == ["b.jsonl", "deep/a.txt"]
    one = fetch(planned)
    assert texts(one) == ["second", "first"]
    assert fetch(planned, workers=2).digest == one.digest


def test_a_changed_file_is_another_source_and_is_not_read_unplanned(folder, fetch) -> None:
    address, put = folder
    planned = inbox(address, TEXTS)
    put("deep/a.txt", b"changed")
    assert inbox(address, TEXTS) != planned
    with pytest.raises(UserError, match=r"deep/a\.txt changed after the run was planned; run again"):
        fetch(planned)


def test_missing_files_are_all_named_before_any_is_read(folder, fetch) -> None:
    address, put = folder
    put("c.txt", b"third")
    planned = inbox(address, TEXTS, LINES)
    put("deep/a.txt", None)
    put("c.txt", None)
    with pytest.raises(UserError, match=r"2 of 3 files are gone from .*: c\.txt, deep/a\.txt; bring them back"):
        fetch(planned)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, fetch) -> None:
    """Nor by a file address, which is a folder of this machine."""
    (tmp_path / "an inbox").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "an inbox/link.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "an inbox/a.txt").write_text("a")
    for address in (tmp_path / "an inbox", f"file://{tmp_path}/an%20inbox"):
        assert texts(fetch(inbox(address, TEXTS))) == ["a"]


def test_a_file_above_the_cap_is_quarantined_unread(tmp_path: Path, fetch) -> None:
    (tmp_path / "large.txt").write_bytes(b"x" * 2000)
    (tmp_path / "small.txt").write_bytes(b"x" * 1000)
    assert refused(fetch(inbox(tmp_path, TEXTS, max_file_bytes=1500))) == {"large.txt": "too_large"}


def test_a_planned_path_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    content = [{"path": "a/../../x", "bytes": 1, "sha256": "0" * 64}]
    with pytest.raises(UserError, match=r"content\.0\.path: Value error, .* leads out of the source"):
        parse_source({**inbox(tmp_path, TEXTS), "content": content}, "source demo")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nowhere/at/all", r"source demo: no folder /.*nowhere/at/all; make it, or correct `folder`"),
        ("memory://nowhere", r"source demo: no files at memory://nowhere"),
        ("nosuch://bucket/x", r"source demo: nosuch://bucket/x: .*install the driver, or correct `folder`"),
        ("abfs://bucket/x", r"source demo: abfs://bucket/x: .*install the driver"),
    ],
)
def test_a_folder_that_cannot_be_had_is_one_line(address: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        inbox(address, TEXTS)
    assert "\n" not in str(error.value)
