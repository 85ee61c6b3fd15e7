"""Shards of a data set of the Hugging Face hub, or of any server with its layout, pinned to a commit."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from fc_model.errors import UserError
from fc_pipeline.sources.choose import choose
from fc_pipeline.sources.download.download_file import fetch, git_blob_of
from fc_pipeline.sources.kinds.hub_api import HubFile, endpoint, list_files, newest_commit, session
from fc_pipeline.sources.limits import Limits
from fc_pipeline.sources.readers.item import BadInput, Item
from fc_pipeline.sources.schema import FileSpec, HubSource
from fc_pipeline.sources.source_file import SourceFile
from fc_pipeline.sources.tables import STREAMED, read_pinned

__all__ = ["list_files", "newest_commit", "read_hub"]

_COMMIT = re.compile(r"[0-9a-f]{40}")


def read_hub(source: HubSource, home: Path) -> Iterator[SourceFile]:
    """Yields the files shard by shard in the order of paths; a shard is fetched when it is due.

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
        if spec.format in STREAMED:
            yield SourceFile(path, spec, _documents(source, files[path], spec, folder / path))
        elif files[path].bytes > source.max_file_bytes:
            yield SourceFile(path, spec, BadInput("too_large", f"{files[path].bytes} bytes"))
        else:
            yield SourceFile(path, spec, _shard(source, files[path], folder / path).read_bytes())


def _documents(source: HubSource, file: HubFile, spec: FileSpec, target: Path) -> Iterator[Item | BadInput]:
    shard = _shard(source, file, target)
    yield from read_pinned(shard, spec, Limits.of(source), where=f"{source.repo}/{file.path}")
    if not source.keep_shards:
        shard.unlink()


def _shard(source: HubSource, file: HubFile, target: Path) -> Path:
    def url() -> str:
        return f"{endpoint()}/datasets/{source.repo}/resolve/{source.revision}/{quote(file.path)}"

    if file.sha256 is not None:
        return fetch(target, find_url=url, expected=file.sha256, session=session)
    return fetch(target, find_url=url, expected=file.git_blob, checksum=git_blob_of, session=session)
