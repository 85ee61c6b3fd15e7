"""Files put into `<FC_HOME>/inbox/` rebuild the shards of the tracks that read them."""

import dagster as dg

from fc_pipeline.components.inbox import decide, inbox_readers, listing_digest
from fc_pipeline.components.shared import all_tracks, asset_keys
from fc_pipeline.engine.graph import Graph
from fc_pipeline.paths import fc_home


@dg.definitions
def inbox() -> dg.Definitions:
    return dg.Definitions(sensors=[inbox_sensor(all_tracks())])


def inbox_sensor(graph: Graph, *, seconds: int = 30) -> dg.SensorDefinition:
    """Requests one run up to the shards of all tracks that read the inbox; skips with a reason when none does."""
    readers = inbox_readers(graph, fc_home() / "inbox")
    keys = asset_keys(graph, (key for key in graph if any(key in data for data in readers.values())))

    def find_new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        folder = fc_home() / "inbox"
        if not readers:
            return dg.SensorResult(
                skip_reason=f"no track reads {folder}: add a source of kind `local` with that folder to its corpus"
            )
        cursor, due = decide(context.cursor, listing_digest(folder))
        if due is None:
            return dg.SensorResult(skip_reason=f"nothing new in {folder}", cursor=cursor)
        tags = {"fustercluck/inbox": due, "fustercluck/tracks": ",".join(readers)}
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=due, asset_selection=keys, tags=tags)], cursor=cursor
        )

    return dg.SensorDefinition(
        name="inbox",
        evaluation_fn=find_new_files,
        asset_selection=dg.AssetSelection.assets(*keys) if keys else None,
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="New or changed files in <FC_HOME>/inbox rebuild the shards of the tracks that read it.",
    )
