"""The exported model in MLflow's registry: a version for each export, and an alias for the one that passed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fc_model.artifacts import Artifact
from fc_model.tracking import ARTIFACT_TAG, valid_name
from fc_pipeline.engine.gates import failures
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.tracking.run_content import artifact_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
_UPLOADED = "model"


def register(
    client: MlflowClient, model: str, export: Artifact, *, run: Run | None, figures: Mapping[str, float], about: str
) -> ModelVersion:
    """The version of this export, made unless it is there. Its source is the artifact's folder, `figures` are tags.

    A tracking server refuses folders that are none of its own: there the files are uploaded to the run first.
    """
    from mlflow.exceptions import MlflowException

    if (version := version_of(client, model, export)) is not None:
        return version
    try:
        client.create_registered_model(model, description=f"The exports of the track {model}.")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    source = str(export.folder)
    if client.tracking_uri.startswith("http") and run is not None:
        client.log_artifacts(run.info.run_id, source, _UPLOADED)
        source = f"runs:/{run.info.run_id}/{_UPLOADED}"
    tags = {ARTIFACT_TAG: artifact_name(export), "fc.data_version": export.digest}
    tags |= {valid_name(name): f"{value:.6g}" for name, value in figures.items()}
    run_id = run.info.run_id if run is not None else None
    return client.create_model_version(model, source, run_id=run_id, tags=tags, description=about, await_creation_for=0)


def version_of(client: MlflowClient, model: str, export: Artifact) -> ModelVersion | None:
    name = artifact_name(export)
    versions = client.search_model_versions(f"name = '{model}' AND tags.`{ARTIFACT_TAG}` = '{name}'", max_results=1)
    return versions[0] if versions else None


def crown(client: MlflowClient, model: str, version: ModelVersion) -> None:
    """Move the alias to this version."""
    aliases = client.get_registered_model(model).aliases
    if str(aliases.get(CHAMPION)) != str(version.version):
        client.set_registered_model_alias(model, CHAMPION, version.version)


def all_passed(graph: Graph, resolver: Resolver, track: str) -> bool:
    """Whether every gate of the track has a verdict that it passed. One that is waived has not passed."""
    for key in graph.track(track):
        gates = [gate.with_waiver(None) for gate in graph.gates(key, tracks=(track,))]
        artifact = resolver.artifact(key) if gates else None
        if gates and (artifact is None or failures(artifact, gates)):
            return False
    return True
