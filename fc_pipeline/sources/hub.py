"""Shards of a data set of the Hugging Face hub, or of any server with its layout, pinned to a commit."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from fc_model.errors import UserError
from fc_pipeline.sources.choose import choose
from fc_pipeline.sources.download import fetch, git_blob_of
from fc_pipeline.sources.readers.item import BadInput, Item
from fc_pipeline.sources.readers.records import Row, documents, field_names
from fc_pipeline.sources.schema import FileSpec, HubSource, RecordFields
from fc_pipeline.sources.tables import read_rows

if TYPE_CHECKING:
    import requests

_COMMIT = re.compile(r"[0-9a-f]{40}")
_PAGE_SECONDS = 60


@dataclass(frozen=True)
class HubFile:
    path: str
    bytes: int
    sha256: str | None
    git_blob: str


def endpoint() -> str:
    """Base address of the hub: HF_ENDPOINT, or the one that huggingface_hub knows."""
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def session() -> "requests.Session":
    """An HTTP session, with the token of HF_TOKEN for sets that ask for one."""
    import requests

    opened = requests.Session()
    token = os.environ.get("HF_TOKEN")
    if token:
        opened.headers["Authorization"] = f"Bearer {token}"
    return opened


def newest_commit(repo: str, branch: str = "main") -> str:
    """The commit at the head of a branch. Raises UserError when the hub does not tell."""
    url = f"{endpoint()}/api/datasets/{repo}/revision/{quote(branch, safe='')}"
    with session() as opened:
        return str(_get(opened, url, repo).json()["sha"])


def list_files(repo: str, commit: str) -> list[HubFile]:
    """All files of the data set at a commit, by path; the hub answers in pages, linked by the Link header."""
    url: str | None = f"{endpoint()}/api/datasets/{repo}/tree/{commit}?recursive=true&expand=false"
    found = []
    with session() as opened:
        while url:
            answer = _get(opened, url, repo)
            for entry in answer.json():
                if entry["type"] == "file":
                    lfs = entry.get("lfs") or {}
                    found.append(HubFile(entry["path"], lfs.get("size", entry["size"]), lfs.get("oid"), entry["oid"]))
            url = answer.links.get("next", {}).get("url")
    return sorted(found, key=lambda file: file.path)


def read_hub(source: HubSource, home: Path) -> Iterator[tuple[str, FileSpec, Iterator[Item | BadInput]]]:
    """Yields (path, spec, its documents), shard by shard in the order of paths; a shard is fetched when it is due.

    Raises:
        UserError: the revision is a branch, a shard is not to be had, or it is not what the hub listed.
    """
    if not _COMMIT.fullmatch(source.revision):
        commit = newest_commit(source.repo, source.revision)
        raise UserError(
            f"source {source.name}: revision {source.revision!r} moves; pin it with `revision: {commit}` (its head now)"
        )
    files = {file.path: file for file in list_files(source.repo, source.revision)}
    entries = [(file.path, file.bytes) for file in files.values()]
    chosen = choose(entries, source.files, max_bytes=source.max_bytes, where=f"source {source.name}")
    folder = home / "cache" / "hub" / source.repo / source.revision
    for path, spec in sorted(chosen.items()):
        assert spec.fields is not None, "formats of records have fields"
        shard = _shard(source, files[path], folder / path)
        rows = _with_columns(read_rows(shard, spec.format), spec.fields, where=f"{source.repo}/{path}")
        yield path, spec, documents(rows, spec.fields)


def _with_columns(rows: Iterator[Row | BadInput], fields: RecordFields, *, where: str) -> Iterator[Row | BadInput]:
    """Refuses at its first row a shard that lacks the columns of the text."""
    for number, row in enumerate(rows):
        if number == 0 and isinstance(row, dict):
            missing = [name for name in field_names(fields.text) if name.split(".")[0] not in row]
            if missing:
                there = ", ".join(sorted(name for name in row if name != "_key"))
                raise UserError(f"{where}: no column {', '.join(missing)}; it has {there}: correct `fields.text`")
        yield row


def _shard(source: HubSource, file: HubFile, target: Path) -> Path:
    def url() -> str:
        return f"{endpoint()}/datasets/{source.repo}/resolve/{source.revision}/{quote(file.path)}"

    if file.sha256 is not None:
        return fetch(target, find_url=url, expected=file.sha256, session=session)
    return fetch(target, find_url=url, expected=file.git_blob, checksum=git_blob_of, session=session)


def _get(opened: "requests.Session", url: str, repo: str) -> "requests.Response":
    import requests

    try:
        answer = opened.get(url, timeout=_PAGE_SECONDS)
    except requests.RequestException as error:
        raise UserError(
            f"data set {repo}: the hub at {endpoint()} cannot be reached ({type(error).__name__}); "
            "connect, or set HF_ENDPOINT to a mirror"
        ) from error
    if not answer.ok:
        raise UserError(
            f"data set {repo}: the hub answers {answer.status_code} for {url.removeprefix(endpoint())}; "
            "check repo and revision, and HF_TOKEN when it asks for one"
        )
    return answer
