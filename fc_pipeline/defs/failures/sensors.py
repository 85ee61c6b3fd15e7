"""Reports a failed run as one line to FC_FAILURE_WEBHOOK, where that is set."""

import os

import dagster as dg

from fc_pipeline.orchestration.failures import describe_failure

_ADDRESS = "FC_FAILURE_WEBHOOK"


@dg.run_failure_sensor(
    name="failed_runs",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING if os.environ.get(_ADDRESS) else dg.DefaultSensorStatus.STOPPED,
    description="Posts {job, run, text} as JSON to the address in FC_FAILURE_WEBHOOK when a run fails.",
)
def failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    address = os.environ.get(_ADDRESS)
    if not address:
        return dg.SkipReason(f"{_ADDRESS} is not set")
    import requests

    run = context.dagster_run
    failures = map(describe_failure, context.get_step_failure_events())
    lines = list(failures) or [context.failure_event.message or ""]
    text = f"{run.job_name} failed: {'; '.join(lines)}"
    requests.post(address, json={"job": run.job_name, "run": run.run_id, "text": text}, timeout=10).raise_for_status()
    return None
