"""The one writer and reader of artifacts. Standard library and zstandard only."""

from fc_model.artifacts.artifact import Artifact
from fc_model.artifacts.manifest import Counters, Manifest, ManifestError, Recipe
from fc_model.artifacts.records import read_records, read_rows
from fc_model.artifacts.store import AlreadyBuilt, Store
from fc_model.artifacts.writer import ArtifactWriter

__all__ = [
    "AlreadyBuilt",
    "Artifact",
    "ArtifactWriter",
    "Counters",
    "Manifest",
    "ManifestError",
    "Recipe",
    "Store",
    "read_records",
    "read_rows",
]
