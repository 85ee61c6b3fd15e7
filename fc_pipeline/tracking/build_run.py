"""The run of a whole build: the stages are its children, and what belongs to no stage lands on it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fc_model.artifacts import Artifact
from fc_model.tracking import find_run, metrics_of, valid_name
from fc_pipeline.engine.gates import failures
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.milestones import milestone_status
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.tracking.build_identity import stages_of
from fc_pipeline.tracking.links import asset_page
from fc_pipeline.tracking.run_content import artifact_name, part_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

BUILD_TAG = "fc.build"


def build_run(client: MlflowClient, experiment: str, name: str, *, tags: Mapping[str, str]) -> Run:
    """The run of the build `<owner>/<identity>`. Processes that begin it at once agree on the oldest."""
    run = find_run(client, experiment, BUILD_TAG, name)
    if run is not None:
        return run
    owner, _, identity = name.rpartition("/")
    made = client.create_run(experiment, tags={**tags, BUILD_TAG: name}, run_name=f"{owner} {identity[:8]}")
    run = find_run(client, experiment, BUILD_TAG, name)
    if run is None or run.info.run_id == made.info.run_id:
        return made
    client.delete_run(made.info.run_id)
    return run


def update_build(
    client: MlflowClient, build: Run, resolver: Resolver, spec: StepSpec, owner: str, artifact: Artifact
) -> None:
    """Its status, the list of its stages, the milestones, and the key figures of the evaluation of this artifact."""
    run_id, graph = build.info.run_id, resolver.graph
    note = _list_of_stages(build.info.experiment_id, resolver, owner)
    if build.data.tags.get("mlflow.note.content") != note:
        client.set_tag(run_id, "mlflow.note.content", note)
    for milestone in graph.milestones:
        tag = valid_name(f"milestone/{milestone.name}")
        decided = milestone_status(milestone, resolver.artifact)["decision"]
        if milestone.track == owner and build.data.tags.get(tag) != decided:
            client.set_tag(run_id, tag, decided)
    if spec.judges:
        figures = {
            f"eval/{spec.judges.split('/')[-1]}/{name}": value
            for name, value in spec.key_figures(artifact.metrics).items()
        }
        known = {name: value for name, value in figures.items() if build.data.metrics.get(name) != value}
        if known:
            client.log_batch(run_id, metrics=metrics_of(known, at_ms=int(time.time() * 1000), step=0))
    status = _status(graph, resolver, owner)
    if status == "RUNNING" and build.info.status != status:
        client.update_run(run_id, status=status)
    elif build.info.status != status:
        client.set_terminated(run_id, status=status)


def _status(graph: Graph, resolver: Resolver, owner: str) -> str:
    """FAILED where a gate has failed, FINISHED where every artifact is there."""
    artifacts = {key: resolver.artifact(key) for key in graph.track(owner)}
    for key, artifact in artifacts.items():
        if artifact is not None and failures(artifact, graph.gates(key, tracks=(owner,))):
            return "FAILED"
    return "RUNNING" if None in artifacts.values() else "FINISHED"


def _list_of_stages(experiment: str, resolver: Resolver, owner: str) -> str:
    """Markdown: a line for each stage, with its run, which an earlier build may have made, and its asset."""
    lines = []
    for key in stages_of(resolver.graph, owner):
        stage = resolver.artifact(key)
        name = part_of(key, owner)
        run_id = stage.manifest.run.get("mlflow_run_id") if stage is not None else None
        shown = f"[{name}](#/experiments/{experiment}/runs/{run_id})" if run_id else name
        asset = f"[asset]({asset_page(resolver.graph[key].asset)})"
        lines.append(f"- {shown}: `{artifact_name(stage)}`, {asset}" if stage is not None else f"- {shown}: {asset}")
    report = f"{owner}/report"
    end = f"\n\n[Report in Dagster]({asset_page(report)})" if report in resolver.graph else ""
    return "Stages:\n\n" + "\n".join(lines) + end
