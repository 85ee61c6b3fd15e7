import json
from pathlib import Path
from typing import Any

import fsspec
import pytest

from fc_model.artifacts import read_records
from fc_model.errors import UserError
from fc_pipeline.sources.catalogue import resolve_source
from fc_pipeline.sources.fetch import fetch_source

TEXTS = {"glob": "**/*.txt", "format": "txt"}
LINES = {"glob": "*.jsonl", "format": "jsonl", "fields": {"text": "{t}"}}


def config(folder: str, *specs: dict[str, Any]) -> dict[str, Any]:
    entry = {
        "name": "inbox", "kind": "local", "folder": folder, "licence": "CC0-1.0", "domain": "science", "files": specs
    }  # fmt: skip
    return resolve_source(entry).model_dump(mode="json")


@pytest.fixture
def memory(tmp_path: Path):
    """A folder of fsspec's in-memory file system, its own for each test: (system, address, root)."""
    system = fsspec.filesystem("memory")
    root = f"/{tmp_path.name}"
    system.pipe(f"{root}/deep/a.txt", b"first")
    system.pipe(f"{root}/b.jsonl", json.dumps({"t": "second"}).encode())
    system.pipe(f"{root}/ignored.bin", b"x")
    yield system, f"memory:/{root}", root
    system.rm(root, recursive=True)


def texts(artifact) -> list[str]:
    return [document["text"] for document in read_records(artifact.path("documents.jsonl.zst"))]


def test_a_folder_elsewhere_is_read_by_fsspec(memory, run_step) -> None:
    _, address, _ = memory
    planned = config(address, TEXTS, LINES)
    assert [file["path"] for file in planned["content"]] == ["b.jsonl", "deep/a.txt"]
    one = run_step(fetch_source, "sources/inbox", planned)
    assert texts(one) == ["second", "first"]
    assert run_step(fetch_source, "sources/inbox", planned, workers=2).digest == one.digest


def test_a_changed_file_is_another_source_and_is_not_read_unplanned(memory, run_step) -> None:
    system, address, root = memory
    planned = config(address, TEXTS)
    system.pipe(f"{root}/deep/a.txt", b"changed")
    assert config(address, TEXTS) != planned
    with pytest.raises(UserError, match=r"deep/a\.txt changed after the run was planned"):
        run_step(fetch_source, "sources/inbox", planned)


def test_missing_files_are_named_before_any_is_read(memory, run_step) -> None:
    system, address, root = memory
    planned = config(address, TEXTS, LINES)
    system.rm(f"{root}/deep/a.txt")
    with pytest.raises(UserError, match=r"1 of 2 files are gone from memory://.*: deep/a\.txt"):
        run_step(fetch_source, "sources/inbox", planned)


def test_a_file_address_is_a_folder_of_this_machine(tmp_path: Path, run_step) -> None:
    folder = tmp_path / "an inbox"
    folder.mkdir()
    (folder / "a.txt").write_text("here")
    assert texts(run_step(fetch_source, "sources/inbox", config(f"file://{tmp_path}/an%20inbox", TEXTS))) == ["here"]


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("memory://nowhere", r"source inbox: no files at memory://nowhere"),
        ("nosuch://bucket/x", r"source inbox: nosuch://bucket/x: .*install the driver, or correct `folder`"),
        ("abfs://bucket/x", r"source inbox: abfs://bucket/x: .*install the driver"),
    ],
)
def test_a_folder_that_cannot_be_had_is_one_line(folder: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        config(folder, TEXTS)
    assert "\n" not in str(error.value)
