"""Files of a folder on this machine, such as an inbox that people put documents into."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.sources.choose import choose
from fc_pipeline.sources.download import sha256_of
from fc_pipeline.sources.globs import matches
from fc_pipeline.sources.schema import FileSpec, LocalFile, LocalSource


def folder_content(source: LocalSource) -> list[LocalFile]:
    """The files that the source's globs match, by path, with their checksums; links are not followed.

    Raises:
        UserError: the folder is not there.
    """
    folder = Path(source.folder).expanduser()
    if not folder.is_dir():
        raise UserError(f"source {source.name}: no folder {folder}; make it, or correct `folder`")
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        wanted = any(matches(name, spec.glob, spec.exclude) for spec in source.files)
        if wanted and path.is_file() and not path.is_symlink():
            found.append(LocalFile(path=name, bytes=path.stat().st_size, sha256=sha256_of(path)))
    return found


def read_local(source: LocalSource) -> Iterator[tuple[str, bytes, FileSpec]]:
    """Yields (path, content, spec) in the order of paths.

    Raises:
        UserError: a file is gone, differs from what was planned, or is larger than max_file_bytes.
    """
    folder = Path(source.folder).expanduser()
    content = {file.path: file for file in source.content or []}
    entries = [(file.path, file.bytes) for file in content.values()]
    chosen = choose(entries, source.files, max_bytes=source.max_bytes, where=f"source {source.name}")
    for name in sorted(chosen):
        try:
            data = (folder / name).read_bytes()
        except OSError as error:
            raise UserError(f"{folder / name}: cannot be read ({error.strerror}); mend it, or plan again") from error
        if len(data) > source.max_file_bytes:
            raise UserError(
                f"{folder / name}: larger than max_file_bytes ({source.max_file_bytes}); raise it or split it"
            )
        if hashlib.sha256(data).hexdigest() != content[name].sha256:
            raise UserError(f"{folder / name}: changed after the run was planned; run again")
        yield name, data, chosen[name]
