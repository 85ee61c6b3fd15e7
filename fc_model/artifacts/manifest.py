"""What an artifact says of itself; the table of fields is in docs/architecture.md."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fc_model.artifacts.files import write_bytes
from fc_model.errors import UserError

SCHEMA_VERSION = 1
MANIFEST_NAME = "manifest.json"
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")


class ManifestError(UserError):
    """A manifest that cannot be read: its artifact counts as damaged, and is built again."""


def is_file_name(name: str) -> bool:
    """True for a relative path of plain names: nothing that leaves its folder or needs quoting anywhere."""
    return _FILE.fullmatch(name) is not None


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text. Raises ValueError on NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass
class Counters:
    """Every record that was read is kept, dropped for a reason, or quarantined."""

    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    quarantined: int = 0

    def drop(self, reason: str, count: int = 1) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + count

    def check(self) -> None:
        """Raises ValueError when the sum does not hold: a record got lost without a count."""
        accounted = self.kept + sum(self.dropped.values()) + self.quarantined
        if self.read != accounted:
            raise ValueError(
                f"counters do not add up: read {self.read}, accounted for {accounted} "
                f"(kept {self.kept}, dropped {self.dropped}, quarantined {self.quarantined})"
            )


@dataclass(frozen=True)
class FileEntry:
    """One file; `content` is false for logs, whose bytes (timings) do not count in the artifact's digest."""

    path: str
    bytes: int
    sha256: str
    records: int | None = None
    content: bool = True


@dataclass(frozen=True)
class InputEntry:
    key: str
    identity: str
    digest: str


@dataclass(frozen=True)
class Recipe:
    """What an artifact is made from. `code` is {"version": hash, "parts": {name: hash}}."""

    config: dict[str, Any]
    code: dict[str, Any]
    inputs: dict[str, InputEntry]

    def identity(self, key: str) -> str:
        """16 hex digits over the config, the code version and the digests of the inputs."""
        matter = {
            "schema": SCHEMA_VERSION,
            "key": key,
            "config": self.config,
            "code": self.code["version"],
            "inputs": {role: entry.digest for role, entry in self.inputs.items()},
        }
        return hashlib.sha256(canonical_json(matter).encode()).hexdigest()[:16]


@dataclass
class Manifest:
    key: str
    identity: str
    digest: str
    recipe: Recipe
    files: list[FileEntry]
    counters: Counters
    licences: list[dict[str, Any]]
    metrics: dict[str, float]
    gates: list[dict[str, Any]]
    run: dict[str, Any]
    schema: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """The manifest with a `seal`, the sha256 of all the rest: a flipped bit anywhere in it is found."""
        raw = asdict(self)
        return json.dumps({**raw, "seal": seal(raw)}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def write(self, folder: Path) -> None:
        """Durably and at once: the artifact in the folder is there from now on, or judged anew."""
        write_bytes(folder / MANIFEST_NAME, self.to_json().encode())

    @classmethod
    def from_json(cls, text: bytes, where: str) -> "Manifest":
        """Raises ManifestError, naming `where`, for anything that is not a whole manifest of this schema."""
        try:
            raw = json.loads(text.decode("utf-8"))
            if raw["schema"] != SCHEMA_VERSION:
                raise ManifestError(f"{where}: manifest schema {raw['schema']}, this version reads {SCHEMA_VERSION}")
            if raw.pop("seal") != seal(raw):
                raise ValueError("its seal does not match: a byte was changed")
            recipe = raw.pop("recipe")
            inputs = {role: InputEntry(**entry) for role, entry in recipe["inputs"].items()}
            files = [FileEntry(**entry) for entry in raw.pop("files")]
            for entry in files:
                if not is_file_name(entry.path):
                    raise ValueError(f"{entry.path!r} cannot be the name of an artifact's file")
            return cls(
                recipe=Recipe(config=recipe["config"], code=recipe["code"], inputs=inputs),
                files=files,
                counters=Counters(**raw.pop("counters")),
                **raw,
            )
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            raise ManifestError(f"{where}: not a manifest ({error!r}); materialize its artifact again") from error


def seal(raw: dict[str, Any]) -> str:
    """sha256 of a value as canonical JSON. Raises ValueError on NaN."""
    return hashlib.sha256(canonical_json(raw).encode()).hexdigest()


def digest_of(files: list[FileEntry]) -> str:
    """sha256 over the content files' names and hashes, in order of their names."""
    lines = [
        f"{entry.sha256}  {entry.path}\n" for entry in sorted(files, key=lambda entry: entry.path) if entry.content
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
