"""Resolution of a key to its present artifact: computed from track, code and store, never by date."""

import json
from pathlib import Path

from fc_model.artifacts import Artifact, ManifestError, Recipe, Store
from fc_model.artifacts.files import read_file, write_json
from fc_model.artifacts.manifest import InputEntry
from fc_model.errors import UserError
from fc_pipeline.engine.graph import Graph

_EQUIVALENCES = "equivalences.json"


class Resolver:
    """Recipes and artifacts of a graph's keys, for the current store. Make a new one after a build."""

    def __init__(self, graph: Graph, store: Store) -> None:
        self.graph = graph
        self.store = store
        self._artifacts: dict[str, Artifact | None] = {}
        self._equivalences = read_equivalences(store)

    def code(self, key: str) -> dict:
        """Code version of the key's step; a version that was declared equivalent is replaced by the older one."""
        code = dict(self.graph.code(key))
        for entry in self._equivalences:
            if entry["version"] == code["version"]:
                code["version"] = entry["equals"]
        return code

    def recipe(self, key: str) -> Recipe | None:
        """The recipe of the key, or None while an input is missing, so that its digest is unknown."""
        spec = self.graph[key]
        inputs = {}
        for role, input_key in spec.inputs.items():
            artifact = self.artifact(input_key)
            if artifact is None:
                return None
            inputs[role] = InputEntry(key=input_key, identity=artifact.identity, digest=artifact.digest)
        return Recipe(config=spec.config, code=self.code(key), inputs=inputs)

    def artifact(self, key: str) -> Artifact | None:
        """The present artifact of the key, or None when it is missing or its manifest is damaged."""
        if key not in self._artifacts:
            recipe = self.recipe(key)
            try:
                self._artifacts[key] = None if recipe is None else self.store.find(key, recipe.identity(key))
            except ManifestError:
                self._artifacts[key] = None
        return self._artifacts[key]

    def will_be(self, artifact: Artifact) -> None:
        """Treat an artifact that is not here yet as the present one of its key, for a plan."""
        self._artifacts[artifact.key] = artifact

    def require(self, key: str, *, for_key: str) -> Artifact:
        """The present artifact; raises UserError that says what to run first."""
        artifact = self.artifact(key)
        if artifact is None:
            raise UserError(
                f"{for_key} needs {key}, which is not built for the present track and code: "
                f"{self.graph.run_command(key)}"
            )
        return artifact


def read_equivalences(store: Store) -> list[dict]:
    """Code versions that were declared equivalent: [{"key", "version", "equals", "reason", "at"}].

    The version alone identifies the code: a moved function keeps it.
    """
    path: Path = store.root / _EQUIVALENCES
    try:
        return json.loads(read_file(path)) if path.exists() else []
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); correct or delete it") from error


def declare_equivalent(graph: Graph, store: Store, key: str, *, reason: str, at: float) -> str:
    """Record that the key's present code makes the same bytes as the code of its newest artifact.

    Returns the older code version. Raises UserError when there is nothing to declare, or no reason.
    """
    if not reason.strip():
        raise UserError("--reason is empty: write why the bytes are the same")
    present = graph.code(key)["version"]
    versions = store.versions(key)
    if not versions:
        raise UserError(f"{key} was never built: there is nothing to be equivalent to")
    older = versions[-1].manifest.recipe.code["version"]
    if present == older:
        raise UserError(f"{key}: its code has not changed since it was built")
    entries = [entry for entry in read_equivalences(store) if entry["version"] != present]
    entries.append({"key": key, "version": present, "equals": older, "reason": reason, "at": at})
    write_json(store.root / _EQUIVALENCES, entries)
    return older
