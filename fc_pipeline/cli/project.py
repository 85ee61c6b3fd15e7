"""What the commands share: the graph of the project, its store, and JSON for other programs."""

import json
from collections.abc import Sequence

from fc_model.artifacts import Store
from fc_pipeline.engine.graph import Graph
from fc_pipeline.experiments.graph import project_graph
from fc_pipeline.paths import fc_home


def open_graph(*, also_without: Sequence[str] = ()) -> Graph:
    """Every track and experiment; `also_without`: documents to leave out."""
    return project_graph(also_without=also_without)


def open_store() -> Store:
    """The store in FC_HOME."""
    return Store(fc_home())


def keys_of(graph: Graph, track: str | None) -> list[str]:
    """The keys of a track, or all."""
    return graph.track(track) if track is not None else list(graph)


def print_json(value: object) -> int:
    """Returns the exit status of a command that has nothing else to tell."""
    print(json.dumps(value, indent=1, ensure_ascii=False))
    return 0
