"""What is read: one asset a source, shared by all tracks that name it."""

import dagster as dg

from fc_pipeline.components.asset import assets_of
from fc_pipeline.components.shared import all_tracks, keys_below


@dg.definitions
def sources() -> dg.Definitions:
    graph = all_tracks()
    return dg.Definitions(assets=assets_of(graph, keys_below(graph, "sources")))
