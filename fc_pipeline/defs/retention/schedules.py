"""Deletes, by lineage, artifacts that no track needs any more, as `fustercluck gc --apply` does."""

import dagster as dg
from pydantic import Field

from fc_pipeline.paths import fc_home


class Retention(dg.Config):
    """What to keep."""

    keep: int = Field(default=2, ge=0, description="Newest artifacts to keep of each key, beside what tracks need now.")
    dry_run: bool = Field(default=False, description="Only list what would go.")


@dg.op(description="Deletes artifacts that no track needs, the newest few of each key left.", pool="cores")
def collect_garbage(context: dg.OpExecutionContext, config: Retention) -> None:
    from fc_model.artifacts import Store
    from fc_pipeline.components.shared import all_tracks
    from fc_pipeline.store.gc import collect, find_garbage, remove_leftovers

    store = Store(fc_home())
    garbage = find_garbage(all_tracks(), store, keep=config.keep)
    refused, freed = [], 0
    if not config.dry_run:
        for item, why in collect(store, garbage):
            refused += [why] if why else []
            freed += 0 if why else item.num_bytes
        freed += remove_leftovers(store)
    context.add_output_metadata(
        {
            "folders": len(garbage),
            "freed_mb": round(freed / 1e6, 1),
            "kept": refused,
            "garbage": [f"{item.key}/{item.identity}" for item in garbage],
        }
    )


@dg.job(description="Frees the disk of what no track needs any more.")
def retention() -> None:
    collect_garbage()


retention_schedule = dg.ScheduleDefinition(
    name="retention_schedule",
    job=retention,
    cron_schedule="0 5 * * 1",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Deletes once a week what no track needs. Turn it on in the UI.",
)
