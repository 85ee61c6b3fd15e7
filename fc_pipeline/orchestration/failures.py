"""Failures of Dagster runs as one-line messages."""

import dagster as dg
from dagster._utils.error import SerializableErrorInfo


def describe_failure(event: dg.DagsterEvent) -> str:
    """`key: error` in one line, without a stack trace."""
    data = event.step_failure_data
    key = (event.step_key or event.job_name).replace("__", "/")
    if data.user_failure_data is not None and data.user_failure_data.description:
        return f"{key}: {data.user_failure_data.description}"
    return f"{key}: {_root_cause(data.error)}"


def describe_run_failure(event: dg.DagsterEvent) -> str:
    """The same of a run that ended by an error outside its steps, as when Dagster's database cannot be written."""
    return f"{event.job_name}: {_root_cause(event.job_failure_data.error)}, outside of any step; run again"


def _root_cause(error: SerializableErrorInfo | None) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return " ".join((error.message if error is not None else "failed").split())
