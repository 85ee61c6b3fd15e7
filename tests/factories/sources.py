"""Definitions of sources, what comes of them, and single files in the formats that are read."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.catalogue.download import retry
from fc_pipeline.sources.catalogue import resolve_source
from fc_pipeline.sources.fetch import fetch_source
from fc_pipeline.sources.read_file import read_file
from fc_pipeline.sources.readers import BadInput, Item
from fc_pipeline.sources.schema import RECORD_FORMATS, FileSpec, Limits, RecordFields

LIMITS = Limits(file_bytes=8 << 20, record_bytes=1 << 20, replace=False, isolate=False)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been waited before asking a server again; nothing waits."""
    waited: list[float] = []
    monkeypatch.setattr(retry.time, "sleep", waited.append)
    return waited


@pytest.fixture
def fetch(run_step: Callable[..., Artifact]) -> Callable[..., Artifact]:
    """fetch(config, workers=1) -> the artifact of the source."""
    return lambda config, workers=1: run_step(fetch_source, f"sources/{config['name']}", config, workers=workers)


def files(glob: str, format_name: str, **fields: Any) -> dict[str, Any]:
    """Which files of a source are read; records are read by their field `t`."""
    template = {"fields": {"text": "{t}"}} if format_name in RECORD_FORMATS else {}
    return {"glob": glob, "format": format_name, **template, **fields}


def source(kind: str, *specs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The pinned definition of the source `demo`."""
    entry = {"name": "demo", "kind": kind, "licence": "CC0-1.0", "domain": "science", "files": specs, **fields}
    return resolve_source(entry).model_dump(mode="json")


def inbox(folder: Path | str, *specs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The same of a folder."""
    return source("local", *specs, folder=str(folder), **fields)


def documents(artifact: Artifact) -> list[dict[str, Any]]:
    return list(read_records(artifact.path("documents.jsonl.zst")))


def texts(artifact: Artifact) -> list[str]:
    return [document["text"] for document in documents(artifact)]


def refused(artifact: Artifact) -> dict[str, str]:
    """{path: reason} of what was quarantined."""
    return {record["path"]: record["reason"] for record in read_records(artifact.path("quarantine.jsonl.zst"))}


def read(format_name: str, data: bytes | str, limits: Limits = LIMITS, **fields: Any) -> list[Item | BadInput]:
    """What is read of one file."""
    spec = FileSpec(glob="*", format=format_name, fields=RecordFields(**fields) if fields else None)
    return list(read_file(data.encode() if isinstance(data, str) else data, spec, limits, where="test"))


def read_one(format_name: str, data: bytes | str) -> Item:
    (item,) = read(format_name, data)
    assert isinstance(item, Item), item
    return item


def reason(format_name: str, data: bytes, limits: Limits = LIMITS, **fields: Any) -> str:
    """Why nothing is read of a file."""
    (bad,) = read(format_name, data, limits, **fields)
    assert isinstance(bad, BadInput), bad
    assert len(bad.detail) < 500
    return bad.reason


def as_parquet(rows: list[dict[str, Any]], schema: pyarrow.Schema | None = None) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), file, row_group_size=500)
    return file.getvalue()


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
