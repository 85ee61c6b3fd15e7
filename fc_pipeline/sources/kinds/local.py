"""Files of a folder, such as an inbox that people put documents into: on this machine, or where fsspec reaches."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from fc_model.errors import UserError
from fc_pipeline.sources.choose import choose
from fc_pipeline.sources.download.download_file import sha256_of
from fc_pipeline.sources.download.globs import matches
from fc_pipeline.sources.kinds import remote_folder
from fc_pipeline.sources.limits import Limits
from fc_pipeline.sources.readers.item import BadInput, Item
from fc_pipeline.sources.schema import FileSpec, LocalFile, LocalSource
from fc_pipeline.sources.source_file import SourceFile
from fc_pipeline.sources.tables import STREAMED, read_table

_FILE = "file://"


def folder_content(source: LocalSource) -> list[LocalFile]:
    """The files that the source's globs match, by path, with their checksums; links are not followed.

    Raises:
        UserError: the folder is not there.
    """
    if _is_remote(source):
        return [file for file in remote_folder.listing(source.folder, source.name) if _wanted(source, file.path)]
    folder = _folder(source)
    if not folder.is_dir():
        raise UserError(f"source {source.name}: no folder {folder}; make it, or correct `folder`")
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if _wanted(source, name) and path.is_file() and not path.is_symlink():
            found.append(LocalFile(path=name, bytes=path.stat().st_size, sha256=sha256_of(path)))
    return sorted(found, key=lambda file: file.path)


def read_local(source: LocalSource) -> Iterator[SourceFile]:
    """Yields the files in the order of paths. A file larger than max_file_bytes is quarantined unread.

    Raises:
        UserError: files are gone (all are named, before any is read), or one differs from what was planned.
    """
    content = {file.path: file for file in source.content or []}
    entries = [(file.path, file.bytes) for file in content.values()]
    chosen = choose(entries, source.files, max_bytes=source.max_bytes, where=f"source {source.name}")
    _refuse_missing(source, sorted(chosen))
    for path, spec in sorted(chosen.items()):
        if spec.format in STREAMED:
            yield SourceFile(path, spec, _documents(source, content[path], spec))
        elif content[path].bytes > source.max_file_bytes:
            yield SourceFile(path, spec, BadInput("too_large", f"{content[path].bytes} bytes, above max_file_bytes"))
        else:
            _refuse_changed(source, content[path])
            with _opened(source, path) as file:
                yield SourceFile(path, spec, file.read())


def _documents(source: LocalSource, file: LocalFile, spec: FileSpec) -> Iterator[Item | BadInput]:
    """A file that people put there may break off: that is one bad record, and what came before stands."""
    _refuse_changed(source, file)
    with _opened(source, file.path) as opened:
        try:
            yield from read_table(opened, spec, Limits.of(source), where=f"source {source.name}: {file.path}")
        except BadInput as error:
            yield error


def _refuse_missing(source: LocalSource, paths: list[str]) -> None:
    if _is_remote(source):
        there = {file.path for file in remote_folder.listing(source.folder, source.name)}
    else:
        there = {path for path in paths if (_folder(source) / path).is_file()}
    missing = [path for path in paths if path not in there]
    if missing:
        raise UserError(
            f"source {source.name}: {len(missing)} of {len(paths)} files are gone from {source.folder}: "
            f"{', '.join(missing)}; bring them back, or plan again"
        )


def _refuse_changed(source: LocalSource, file: LocalFile) -> None:
    if _is_remote(source):
        found = remote_folder.state(source.folder, file.path)
    else:
        try:
            found = sha256_of(_folder(source) / file.path)
        except OSError as error:
            where = _folder(source) / file.path
            raise UserError(f"{where}: cannot be read ({error.strerror}); mend it, or plan again") from error
    if found != file.sha256:
        raise UserError(f"source {source.name}: {file.path} changed after the run was planned; run again")


def _is_remote(source: LocalSource) -> bool:
    return "://" in source.folder and not source.folder.startswith(_FILE)


def _folder(source: LocalSource) -> Path:
    if source.folder.startswith(_FILE):
        return Path(unquote(source.folder.removeprefix(_FILE)))
    return Path(source.folder).expanduser()


def _wanted(source: LocalSource, path: str) -> bool:
    return any(matches(path, spec.glob, spec.exclude) for spec in source.files)


def _opened(source: LocalSource, path: str) -> AbstractContextManager[BinaryIO]:
    return remote_folder.opened(source.folder, path) if _is_remote(source) else (_folder(source) / path).open("rb")
