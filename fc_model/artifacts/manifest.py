"""What an artifact says of itself; the table of fields is in docs/architecture.md."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from fc_model.errors import UserError

SCHEMA_VERSION = 1
MANIFEST_NAME = "manifest.json"


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
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> "Manifest":
        """Raises UserError, naming `where`, for anything that is not a manifest of this schema."""
        try:
            raw = json.loads(text)
            if raw["schema"] != SCHEMA_VERSION:
                raise UserError(f"{where}: manifest schema {raw['schema']}, this version reads {SCHEMA_VERSION}")
            recipe = raw.pop("recipe")
            inputs = {role: InputEntry(**entry) for role, entry in recipe["inputs"].items()}
            return cls(
                recipe=Recipe(config=recipe["config"], code=recipe["code"], inputs=inputs),
                files=[FileEntry(**entry) for entry in raw.pop("files")],
                counters=Counters(**raw.pop("counters")),
                **raw,
            )
        except (json.JSONDecodeError, RecursionError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{where}: not a manifest ({error!r}); delete the folder and materialize it again"
            ) from error


def digest_of(files: list[FileEntry]) -> str:
    """sha256 over the content files' names and hashes, in order of their names."""
    lines = [
        f"{entry.sha256}  {entry.path}\n" for entry in sorted(files, key=lambda entry: entry.path) if entry.content
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
