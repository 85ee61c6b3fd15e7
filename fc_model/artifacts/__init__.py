"""The one writer and reader of artifacts. Standard library and zstandard only."""

from fc_model.artifacts.manifest import Counters, Manifest, Recipe
from fc_model.artifacts.records import read_records
from fc_model.artifacts.store import Artifact, ArtifactWriter, Store

__all__ = ["Artifact", "ArtifactWriter", "Counters", "Manifest", "Recipe", "Store", "read_records"]
