"""Logging to MLflow: one run for one artifact, through kills and resumes. Importing this imports no MLflow."""

from fc_model.tracking.client import experiment_id, find_run, get_run, metrics_of, open_client, quiet, valid_name
from fc_model.tracking.tracker import ARTIFACT_TAG, Tracker

__all__ = [
    "ARTIFACT_TAG",
    "Tracker",
    "experiment_id",
    "find_run",
    "get_run",
    "metrics_of",
    "open_client",
    "quiet",
    "valid_name",
]
