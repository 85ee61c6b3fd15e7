"""A committed artifact, as its readers see it."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from fc_model.artifacts.files import sha256_file
from fc_model.artifacts.hashed import HashedFiles
from fc_model.artifacts.manifest import MANIFEST_NAME, FileEntry, Manifest, digest_of
from fc_model.errors import UserError

_HASHED_AT_ONCE = 4
"""Files; hashing lets other threads work."""


class Artifact:
    """A committed artifact: a folder whose manifest is there."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self.key, self.identity, self.digest = manifest.key, manifest.identity, manifest.digest
        self.metrics = manifest.metrics
        self._verified = False

    @property
    def num_bytes(self) -> int:
        return sum(entry.bytes for entry in self.manifest.files)

    def path(self, name: str) -> Path:
        """The path of a file that the manifest lists; raises UserError for any other name."""
        if not any(entry.path == name for entry in self.manifest.files):
            raise UserError(f"{self.key}/{self.identity} has no file {name!r}; materialize it again")
        return self.folder / name

    def problems(self, *, strict: bool = False, read: Literal["all", "changed", "none"] = "changed") -> list[str]:
        """What is wrong with the files, one line each: missing, size, hash; foreign files when `strict`.

        Args:
            read: which files are hashed: all, those that may have changed since they were (fc_model.artifacts.hashed),
                or none, for a quick look at what is there.
        """
        statuses = [(entry, self._status(entry)) for entry in self.manifest.files]
        problems = [status for _, status in statuses if isinstance(status, str)]
        if read != "none":
            sized = [(entry, status) for entry, status in statuses if not isinstance(status, str)]
            problems += self._other_bytes(sized, every=read == "all")
        if digest_of(self.manifest.files) != self.manifest.digest:
            problems.append(f"{self.folder / MANIFEST_NAME}: digest does not match its list of files")
        if self.manifest.recipe.identity(self.key) != self.identity:
            problems.append(f"{self.folder / MANIFEST_NAME}: identity does not match its recipe")
        if strict:
            known = {MANIFEST_NAME, *(entry.path for entry in self.manifest.files)}
            files = [path for path in sorted(self.folder.rglob("*")) if path.is_symlink() or not path.is_dir()]
            foreign = [path for path in files if path.relative_to(self.folder).as_posix() not in known]
            problems += [f"{path}: not in the manifest" for path in foreign]
        return problems

    def _status(self, entry: FileEntry) -> os.stat_result | str:
        """The file's status, or what is wrong with it."""
        path = self.folder / entry.path
        try:
            if path.resolve() != self.folder.resolve() / entry.path:
                return f"{path}: a link, not a file of this artifact"
            if not path.is_file():
                return f"{path}: missing"
            status = path.stat()
        except OSError as error:
            return f"{path}: cannot be read ({error.strerror})"
        if status.st_size != entry.bytes:
            return f"{path}: {status.st_size} bytes, the manifest says {entry.bytes}"
        return status

    def _other_bytes(self, statuses: list[tuple[FileEntry, os.stat_result]], *, every: bool) -> list[str]:
        """Hash the files that may have changed, or every one; a line for each that is not what the manifest says."""
        hashed, problems = HashedFiles(self.folder), []
        unsure = [pair for pair in statuses if every or not hashed.holds(pair[0].path, pair[0].sha256, pair[1])]
        if unsure:
            hashed.begin()
        with ThreadPoolExecutor(_HASHED_AT_ONCE) as threads:
            digests = threads.map(lambda pair: self._digest(pair[0]), unsure)
            for (entry, status), digest in zip(unsure, digests, strict=True):
                if digest == entry.sha256:
                    hashed.note(entry.path, digest, status)
                elif isinstance(digest, OSError):
                    problems.append(f"{self.folder / entry.path}: cannot be read ({digest.strerror})")
                else:
                    problems.append(f"{self.folder / entry.path}: sha256 differs from the manifest")
        hashed.save()
        return problems

    def _digest(self, entry: FileEntry) -> str | OSError:
        try:
            return sha256_file(self.folder / entry.path)
        except OSError as error:
            return error

    def verify(self) -> "Artifact":
        """Hashes every file that may have changed since it was, once per process.

        Raises UserError that lists all damage.
        """
        if not self._verified:
            problems = self.problems()
            if problems:
                raise UserError(f"{self.key} is damaged: {'; '.join(problems)}; materialize {self.key} again")
            self._verified = True
        return self
