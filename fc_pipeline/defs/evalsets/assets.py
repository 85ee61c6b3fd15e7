"""Benchmarks that no track may train on: one asset a set, shared by all corpora that name it."""

import dagster as dg

from fc_pipeline.components.asset import assets_of
from fc_pipeline.components.shared import all_tracks, keys_below


@dg.definitions
def evalsets() -> dg.Definitions:
    graph = all_tracks()
    return dg.Definitions(assets=assets_of(graph, keys_below(graph, "evalsets")))
