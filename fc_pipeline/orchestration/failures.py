"""Failures of Dagster runs as one-line messages."""

import dagster as dg


def describe_failure(event: dg.DagsterEvent) -> str:
    """`key: error` in one line, without a stack trace."""
    data = event.step_failure_data
    key = (event.step_key or event.job_name).replace("__", "/")
    if data.user_failure_data is not None and data.user_failure_data.description:
        return f"{key}: {data.user_failure_data.description}"
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return f"{key}: {' '.join((error.message if error is not None else 'failed').split())}"
