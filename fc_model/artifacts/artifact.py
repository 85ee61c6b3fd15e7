"""A committed artifact, as its readers see it."""

from pathlib import Path

from fc_model.artifacts.files import sha256_file
from fc_model.artifacts.manifest import MANIFEST_NAME, FileEntry, Manifest, digest_of
from fc_model.errors import UserError


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

    def problems(self, *, strict: bool = False, hashes: bool = True) -> list[str]:
        """What is wrong with the files, one line each: missing, size, hash; foreign files when `strict`.

        Without `hashes` no content is read: quick, for a look at what is there.
        """
        problems = [problem for entry in self.manifest.files if (problem := self._problem(entry, hashes))]
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

    def _problem(self, entry: FileEntry, hashes: bool) -> str | None:
        path = self.folder / entry.path
        try:
            if path.resolve() != self.folder.resolve() / entry.path:
                return f"{path}: a link, not a file of this artifact"
            if not path.is_file():
                return f"{path}: missing"
            if path.stat().st_size != entry.bytes:
                return f"{path}: {path.stat().st_size} bytes, the manifest says {entry.bytes}"
            if hashes and sha256_file(path) != entry.sha256:
                return f"{path}: sha256 differs from the manifest"
        except OSError as error:
            return f"{path}: cannot be read ({error.strerror})"
        return None

    def verify(self) -> "Artifact":
        """Rehashes every file, once per process; raises UserError that lists all damage."""
        if not self._verified:
            problems = self.problems()
            if problems:
                raise UserError(f"{self.key} is damaged: {'; '.join(problems)}; materialize {self.key} again")
            self._verified = True
        return self
