"""The graph of all tracks, which the shared assets (sources, corpora) come from."""

from functools import lru_cache

from fc_pipeline.graph import Graph
from fc_pipeline.track import load_tracks
from fc_pipeline.track_graph import build_graph


@lru_cache(maxsize=1)
def all_tracks() -> Graph:
    """Read once a process: a code server reloads by starting a new one."""
    return build_graph(load_tracks().values())


def keys_below(graph: Graph, part: str) -> list[str]:
    """The keys whose first part is this one, in order."""
    return [key for key in graph if key.split("/")[0] == part]
