"""Which build a stage belongs to: the track's recipe up to its stages, known before anything is built."""

import hashlib

from fc_model.artifacts.manifest import canonical_json
from fc_pipeline.engine.graph import EXPERIMENTS, Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.step import StepSpec


def owner_of(spec: StepSpec) -> str | None:
    """The track, or `experiments/<name>`; None for a step that tracks share."""
    if spec.track is None and spec.key.split("/")[0] == EXPERIMENTS:
        return "/".join(spec.key.split("/")[:2])
    return spec.track


def own_run(spec: StepSpec) -> bool:
    """Whether the step's artifact has an MLflow run of its own: a stage of training."""
    return "mlflow" in spec.kinds


def stages_of(graph: Graph, owner: str) -> list[str]:
    """The keys of the owner's stages, in the order of the work."""
    return [key for key in graph.track(owner) if own_run(graph[key]) and owner_of(graph[key]) == owner]


def build_identity(resolver: Resolver, owner: str) -> str:
    """16 hex digits over key, settings and code version of every step that a stage needs, and of the stages.

    A kill and a resume do not change it, an edit of a stage or of its data does. An evaluation, an export or the report
    is no part of it: a new one of the same stages lands on their build.
    """
    graph = resolver.graph
    keys = graph.closure(stages_of(graph, owner))
    recipe = [[key, graph[key].config, resolver.code(key)["version"]] for key in keys]
    return hashlib.sha256(canonical_json(recipe).encode()).hexdigest()[:16]
