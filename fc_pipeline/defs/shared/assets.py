"""Assets without a track: sources, corpora, eval sets, fonts and real images, shared by the tracks that name them."""

import dagster as dg

from fc_pipeline.components.asset import assets_of
from fc_pipeline.components.shared import all_tracks


@dg.definitions
def shared() -> dg.Definitions:
    graph = all_tracks()
    return dg.Definitions(assets=assets_of(graph, graph.shared))
