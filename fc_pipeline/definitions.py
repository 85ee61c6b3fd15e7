"""What Dagster loads: everything below defs/, with the policy that holds for all of it."""

import logging
import sys
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
from dagster._core.events import EngineEventData
from dagster._core.execution.plan.objects import ErrorSource, StepFailureData

from fc_pipeline.components.factory import Factory
from fc_pipeline.components.progress import listener
from fc_pipeline.components.shared import all_tracks
from fc_pipeline.experiments.config import EXPERIMENTS
from fc_pipeline.orchestration.left_out_patch import left_out
from fc_pipeline.orchestration.pool_poll_patch import sleep_between_polls
from fc_pipeline.orchestration.worker import one_process_executor
from fc_pipeline.track.config import TRACKS


@dg.logger(config_schema={"log_level": dg.Field(str, default_value="WARNING")})
def console(context: dg.InitLoggerContext) -> logging.Logger:
    """Warnings and errors only: what happens in a run is in its event log."""
    level = context.logger_config["log_level"]
    logger = logging.Logger("fustercluck", level=level)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger


@dg.logger
def for_listener(context: dg.InitLoggerContext) -> logging.Logger:
    """Tells whoever listens in this process what an asset cannot: it waits for a pool, or was interrupted."""
    logger = logging.Logger("fustercluck.listener", level=logging.DEBUG)
    logger.addHandler(_EventHandler())
    return logger


class _EventHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        data = event.event_specific_data if event is not None else None
        if isinstance(data, EngineEventData) and "pool" in data.metadata:
            listener().waiting(str(data.metadata["pool"].value))
        elif isinstance(data, StepFailureData) and data.error_source is ErrorSource.INTERRUPT:
            listener().interrupted()


def policy() -> dg.Definitions:
    """One process a run (docs/decisions/one-process.md), few lines on the console, one resource for all assets."""
    sleep_between_polls()
    return dg.Definitions(
        executor=one_process_executor,
        loggers={"console": console, "listener": for_listener},
        resources={"factory": Factory()},
    )


def broken_tracks(broken: Mapping[str, str]) -> dg.Definitions:
    """What the UI shows of tracks and experiments that could not be read: a name, and the reason."""
    return dg.Definitions(
        assets=[
            dg.AssetSpec(["broken", *name.split("/")], description=why, group_name="broken")
            for name, why in broken.items()
        ]
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Everything below defs/ but the tracks and experiments that could not be read."""
    broken = all_tracks().broken
    folders = {EXPERIMENTS.parent / name if "/" in name else TRACKS / name for name in broken}
    with left_out(folders):
        loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    return dg.Definitions.merge(loaded, policy(), broken_tracks(broken))
