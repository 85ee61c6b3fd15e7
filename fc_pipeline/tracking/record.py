"""One step's part of MLflow: the run that its artifact lands on, what lands there, the version, and the alias."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fc_model.artifacts import Artifact, Store
from fc_model.tracking import experiment_id, find_run, get_run, metrics_of, open_client
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.tracking.build_identity import build_identity, own_run
from fc_pipeline.tracking.build_run import BUILD_TAG, build_run, update_build
from fc_pipeline.tracking.files import write_files
from fc_pipeline.tracking.links import run_page, version_page
from fc_pipeline.tracking.provenance import provenance
from fc_pipeline.tracking.registry import all_passed, crown, register, version_of
from fc_pipeline.tracking.run_content import (
    artifact_name,
    dataset_input,
    description,
    eval_metrics,
    gate_metrics,
    gate_tags,
    part_of,
    recorded,
    table_tags,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


@dataclass(frozen=True)
class Record:
    """What MLflow has of a step. Every method may raise what MLflow raises."""

    uri: str
    graph: Graph
    store: Store
    spec: StepSpec
    owner: str

    @cached_property
    def client(self) -> MlflowClient:
        return open_client(self.uri)

    @cached_property
    def experiment(self) -> str:
        return experiment_id(self.client, self.owner.split("/")[0])

    @cached_property
    def resolver(self) -> Resolver:
        return Resolver(self.graph, self.store)

    @cached_property
    def build_name(self) -> str:
        return f"{self.owner}/{build_identity(self.resolver, self.owner)}"

    def begin_build(self) -> Run:
        return build_run(self.client, self.experiment, self.build_name, tags=provenance())

    def known_build(self) -> Run | None:
        return find_run(self.client, self.experiment, BUILD_TAG, self.build_name)

    def end_build(self, status: str) -> None:
        if (build := self.known_build()) is not None:
            self.client.set_terminated(build.info.run_id, status=status)

    def stage_tags(self, artifact: str) -> dict[str, str]:
        """Tags of the run of a stage that begins: where it stands, and whose child it is."""
        parent = self.begin_build()
        if parent.info.status != "RUNNING":
            self.client.update_run(parent.info.run_id, status="RUNNING")
        return provenance() | {"mlflow.parentRunId": parent.info.run_id, "mlflow.note.content": self._about(artifact)}

    def log_datasets(self, run_id: str) -> None:
        """The inputs that are data: the weights of an earlier stage are none."""
        recipe = self.resolver.recipe(self.spec.key)
        entries = recipe.inputs.items() if recipe is not None else ()
        artifacts = [
            (role, self.store.find(entry.key, entry.identity))
            for role, entry in entries
            if not own_run(self.graph[entry.key])
        ]
        datasets = [dataset_input(role, artifact) for role, artifact in artifacts if artifact is not None]
        self.client.log_inputs(run_id, datasets=datasets)

    def log_artifact(self, artifact: Artifact, *, reused: bool, pages: Mapping[str, str]) -> str | None:
        """All that the artifact says; returns the page that shows it, None where there is no run that it lands on."""
        stage = self._stage(artifact)
        run_id = stage.manifest.run.get("mlflow_run_id") if stage is not None else None
        if stage is not None and not run_id:
            return None  # it was trained untracked
        run = get_run(self.client, run_id) if run_id else None
        build = self.known_build() if reused else self.begin_build()
        on = run if own_run(self.spec) or self.spec.judges else build
        page = None
        if on is not None:
            self._land(on, artifact, stage=stage, pages=pages)
            page = run_page(self.experiment, on.info.run_id)
        if self.spec.registered and build is not None:
            page = self._register(artifact, stage=stage, run=run or build)
        if self.spec.registered or artifact.manifest.gates:
            self._crown()
        if build is not None:
            update_build(self.client, build, self.resolver, self.spec, self.owner, artifact)
        return page

    def _stage(self, artifact: Artifact) -> Artifact | None:
        """The stage that the artifact is, judges or exports."""
        if own_run(self.spec):
            return artifact
        for entry in artifact.manifest.recipe.inputs.values():
            if entry.key == self.spec.judges or (self.spec.registered and own_run(self.graph[entry.key])):
                return self.store.find(entry.key, entry.identity)
        return None

    def _land(self, run: Run, artifact: Artifact, *, stage: Artifact | None, pages: Mapping[str, str]) -> None:
        """Files, figures and gates; at last the tag that says that they are there."""
        from mlflow.entities import RunTag

        done = recorded(run.data.tags, artifact)
        if done.items() <= run.data.tags.items():
            return
        part = part_of(self.spec.asset, self.owner)
        verdicts, run_id = artifact.manifest.gates, run.info.run_id
        figures = gate_metrics(verdicts) | (eval_metrics(part, artifact.metrics) if self.spec.judges else {})
        folder = part.split("/")[0]
        with tempfile.TemporaryDirectory() as name:
            tables = write_files(Path(name), artifact, pages, self.spec.logged)
            if any(Path(name).iterdir()):
                self.client.log_artifacts(run_id, name, folder)
        tags = gate_tags(verdicts) | table_tags(run.data.tags, [f"{folder}/{table}" for table in tables])
        if own_run(self.spec):
            tags["fc.data_version"] = artifact.digest
        step = int(stage.metrics.get("steps", 0)) if stage is not None else 0
        self.client.log_batch(
            run_id,
            metrics=metrics_of(figures, at_ms=int(time.time() * 1000), step=step),
            tags=[RunTag(key, value) for key, value in (tags | done).items()],
        )

    def _register(self, export: Artifact, *, stage: Artifact | None, run: Run) -> str:
        figures: dict[str, float] = {}
        for spec in self.graph.values():
            judge = self.resolver.artifact(spec.key) if stage is not None and spec.judges == stage.key else None
            if judge is not None:
                figures |= eval_metrics(part_of(spec.asset, self.owner), spec.key_figures(judge.metrics))
        about = self._about(artifact_name(export))
        version = register(self.client, self.owner, export, run=run, figures=figures, about=about)
        return version_page(self.owner, str(version.version))

    def _crown(self) -> None:
        """The alias moves with the last gate that passes, whichever step it judges."""
        exports = [spec.key for spec in self.graph.values() if spec.registered and spec.track == self.owner]
        if not exports or not all_passed(self.graph, self.resolver, self.owner):
            return
        export = self.resolver.artifact(exports[0])
        version = version_of(self.client, self.owner, export) if export is not None else None
        if version is not None:
            crown(self.client, self.owner, version)

    def _about(self, artifact: str) -> str:
        return description(artifact, str(self.store.root / artifact), self.spec.asset)
