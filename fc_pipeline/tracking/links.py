"""Addresses of pages: MLflow's from Dagster, and Dagster's from MLflow."""

import os
from urllib.parse import quote

_OF_TRAINING = "?workflowType=machine_learning"
"""MLflow opens on the pages for agents and traces otherwise."""


def mlflow_ui() -> str:
    """MLFLOW_UI; else the tracking server; else where `fustercluck ui` serves it."""
    server = os.environ.get("MLFLOW_TRACKING_URI", "")
    local = "http://127.0.0.1:5000"
    return (os.environ.get("MLFLOW_UI") or (server if server.startswith("http") else local)).rstrip("/")


def run_page(experiment: str, run_id: str) -> str:
    return f"{mlflow_ui()}/#/experiments/{experiment}/runs/{run_id}{_OF_TRAINING}"


def version_page(model: str, version: str) -> str:
    return f"{mlflow_ui()}/#/models/{quote(model)}/versions/{version}{_OF_TRAINING}"


def asset_page(asset: str) -> str:
    """In Dagster: below DAGSTER_UI, by default where `fustercluck ui` serves it."""
    base = os.environ.get("DAGSTER_UI") or "http://127.0.0.1:3000"
    return f"{base.rstrip('/')}/assets/{quote(asset)}"
