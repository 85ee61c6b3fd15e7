"""Fonts and real images; shared by all tracks that name them."""

import dagster as dg

from fc_pipeline.components.asset import assets_of
from fc_pipeline.components.shared import all_tracks, keys_below


@dg.definitions
def images() -> dg.Definitions:
    graph = all_tracks()
    return dg.Definitions(assets=assets_of(graph, keys_below(graph, "images")))
