"""Automation in Dagster: jobs, the schedule of a track's shards, and builds on changed content."""

import datetime
from collections.abc import Iterable

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from fc_pipeline.components.shared import asset_keys
from fc_pipeline.engine.graph import Graph


def asset_job(name: str, graph: Graph, keys: Iterable[str], description: str) -> UnresolvedAssetJobDefinition:
    selection = dg.AssetSelection.assets(*asset_keys(graph, keys))
    return dg.define_asset_job(name=name, selection=selection, description=description)


def when_content_changed() -> dg.AutomationCondition:
    """True when an input's bytes changed since the asset was last built or requested, and all inputs exist and passed.

    An input that is rebuilt with equal bytes has the same data version and triggers nothing.
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
    """Builds the assets of `when_content_changed`, stages on the accelerator included. Off by default."""
    return dg.AutomationConditionSensorDefinition(
        name="changed_content",
        target=dg.AssetSelection.all(),
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Builds every asset that has an input with other bytes than before, up to the report; equal bytes "
        "build nothing. Turn it on to let training follow the data.",
    )


def freshness(days: int) -> dg.FreshnessPolicy:
    """Warns when an asset was neither rebuilt nor confirmed for `days` days, and fails at twice that age."""
    return dg.FreshnessPolicy.time_window(
        fail_window=datetime.timedelta(days=2 * days), warn_window=datetime.timedelta(days=days)
    )


def shards_schedule(track: str, cron: str) -> dg.ScheduleDefinition:
    """Rebuilds the shards; unchanged artifacts are reused. Off by default."""
    return dg.ScheduleDefinition(
        name=f"{track}_shards_schedule",
        job_name=f"{track}_shards",
        cron_schedule=cron,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=f"Rebuilds the shards of {track} where a source has changed. Turn it on in the UI.",
    )
