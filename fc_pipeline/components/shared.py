"""The graph of all tracks and experiments, the origin of the shared assets (sources, corpora)."""

from collections.abc import Iterable
from functools import lru_cache

import dagster as dg

from fc_pipeline.engine.graph import Graph
from fc_pipeline.experiments.graph import project_graph


@lru_cache(maxsize=1)
def all_tracks() -> Graph:
    """Read once a process: a code server reloads by starting a new one."""
    return project_graph()


def asset_keys(graph: Graph, keys: Iterable[str]) -> list[dg.AssetKey]:
    """The Dagster asset keys of these keys, without repeats: partitions of an asset share its key."""
    return [dg.AssetKey(asset.split("/")) for asset in dict.fromkeys(graph[key].asset for key in keys)]
