"""When Dagster builds by itself: jobs, the schedule of a track's shards, and what follows when content has changed."""

import datetime

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from fc_pipeline.components.shared import asset_keys
from fc_pipeline.engine.graph import Graph


def track_job(track: str, graph: Graph) -> UnresolvedAssetJobDefinition:
    """`<track>`: everything that the track needs."""
    return _job(track, graph, graph.track(track), f"All of {track}: documents, training, evaluation, exports, report.")


def shards_job(track: str, graph: Graph) -> UnresolvedAssetJobDefinition:
    """`<track>_shards`: its data only, up to the packed shards."""
    keys = graph.closure([f"{track}/shards"])
    return _job(f"{track}_shards", graph, keys, f"The data of {track}: sources, corpus, tokenizer, shards.")


def when_content_changed() -> dg.AutomationCondition:
    """An input has other bytes than when this asset was last built or asked for, and all are there and have passed.

    Equal bytes ask for nothing: an input that is merely built again has the same data version.
    """
    condition = dg.AutomationCondition
    return (
        condition.any_deps_match(condition.data_version_changed()).since_last_handled()
        & ~condition.any_deps_missing()
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
        & condition.all_deps_blocking_checks_passed()
    ).with_label("an input has changed its bytes")


def changed_content_sensor(*, seconds: int = 30) -> dg.AutomationConditionSensorDefinition:
    """Builds what `when_content_changed` asks for, stages on the accelerator among it. Off by default."""
    return dg.AutomationConditionSensorDefinition(
        name="changed_content",
        target=dg.AssetSelection.all(),
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Builds every asset that has an input with other bytes than before, up to the report; equal bytes "
        "build nothing. Turn it on to let training follow the data.",
    )


def freshness(days: int) -> dg.FreshnessPolicy:
    """Warns when an asset was neither rebuilt nor found unchanged for so long, and is red at twice the age."""
    return dg.FreshnessPolicy.time_window(
        fail_window=datetime.timedelta(days=2 * days), warn_window=datetime.timedelta(days=days)
    )


def shards_schedule(track: str, cron: str) -> dg.ScheduleDefinition:
    """Rebuilds the shards; what has not changed is not built again. Off by default."""
    return dg.ScheduleDefinition(
        name=f"{track}_shards_schedule",
        job_name=f"{track}_shards",
        cron_schedule=cron,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=f"Rebuilds the shards of {track} where a source has changed. Turn it on in the UI.",
    )


def _job(name: str, graph: Graph, keys: list[str], description: str) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        name=name,
        selection=dg.AssetSelection.assets(*asset_keys(graph, keys)),
        description=description,
    )
