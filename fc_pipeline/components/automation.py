"""The jobs of a track, and the schedule that rebuilds its shards."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from fc_pipeline.components.shared import asset_keys
from fc_pipeline.graph import Graph
from fc_pipeline.track import TrackConfig


def track_job(track: str, graph: Graph) -> UnresolvedAssetJobDefinition:
    """`<track>`: everything that the track needs."""
    return _job(track, graph, graph.track(track), f"All of {track}: documents, training, evaluation, exports, report.")


def shards_job(track: str, graph: Graph) -> UnresolvedAssetJobDefinition:
    """`<track>_shards`: its data only, up to the packed shards."""
    keys = graph.closure([f"{track}/shards"])
    return _job(f"{track}_shards", graph, keys, f"The data of {track}: sources, corpus, tokenizer, shards.")


def shards_schedule(track: TrackConfig) -> dg.ScheduleDefinition:
    """Rebuilds the shards at `rebuild_cron`; what has not changed is not built again. Off by default."""
    return dg.ScheduleDefinition(
        name=f"{track.name}_shards_schedule",
        job_name=f"{track.name}_shards",
        cron_schedule=track.rebuild_cron,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=f"Rebuilds the shards of {track.name} where a source has changed. Turn it on in the UI.",
    )


def _job(name: str, graph: Graph, keys: list[str], description: str) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        name=name,
        selection=dg.AssetSelection.assets(*asset_keys(graph, keys)),
        description=description,
    )
