"""The Experiment component: variants of a track as partitions, from one YAML file."""

import hashlib
from typing import Any

import dagster as dg
from dagster.components import ComponentTypeSpec
from pydantic import BaseModel

from fc_pipeline.components.asset import assets_of
from fc_pipeline.components.automation import asset_job
from fc_pipeline.components.yaml_component import attributes_of, read_component
from fc_pipeline.engine.graph import Graph
from fc_pipeline.experiments.config import EXPERIMENTS, ExperimentConfig, parse_experiment
from fc_pipeline.experiments.graph import with_experiments
from fc_pipeline.track.config import parse_track, read_attributes
from fc_pipeline.track.graph import build_graph


def experiment_schema() -> dict[str, Any]:
    """The JSON schema of an experiment's file, references written out; `name` is the folder's name."""
    schema = ExperimentConfig.model_json_schema()
    definitions = schema.pop("$defs")
    for field, model in {"stages": "StageLength", "variants": "VariantConfig"}.items():
        schema["properties"][field]["additionalProperties"] = definitions[model]
    schema["properties"].pop("name")
    schema["required"].remove("name")
    return schema


ExperimentAttributes = attributes_of(experiment_schema)


class Experiment(dg.Component):
    """Variants of a track, each trained with several seeds and scored on the same held-out text or images."""

    def __init__(self, config: ExperimentConfig) -> None:
        self.config = config

    @classmethod
    def get_spec(cls) -> ComponentTypeSpec:
        return ComponentTypeSpec(description=cls.__doc__, tags=["language-model"], produces=["asset", "job"])

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        return ExperimentAttributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "Experiment":
        """The folder's name is the experiment's. Raises UserError, one line, for whatever is wrong in the file."""
        return cls(parse_experiment(*read_component(attributes, context, EXPERIMENTS)))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        name = f"experiments/{self.config.name}"
        tracks = build_graph([parse_track(self.config.track, read_attributes(self.config.track))])
        graph = with_experiments(tracks, [self.config])
        own = [key for key in graph if key.startswith(f"{name}/")]
        assets = assets_of(graph, own, owners=self.config.owners or None)
        trainings = [key for key in own if graph[key].partition in self.config.partitions]
        # Of one kind of partition; `fustercluck run` goes through all kinds in order.
        about = f"The trainings and evaluations of {name}, a partition for each variant and seed."
        job = asset_job(name.replace("/", "_"), graph, trainings, about)
        return dg.Definitions(assets=[_of_all_partitions(asset, graph, own) for asset in assets], jobs=[job])


def _of_all_partitions(asset: dg.AssetsDefinition, graph: Graph, keys: list[str]) -> dg.AssetsDefinition:
    """The asset with a description of all partitions, and without automation: trainings start only on request."""

    def changed(spec: dg.AssetSpec) -> dg.AssetSpec:
        steps = [graph[key] for key in keys if graph[key].asset == "/".join(spec.key.path)]
        configs = {str(step.partition): step.config for step in steps if step.partition is not None}
        text = repr([(step.key, step.config) for step in steps])
        code = graph.code(steps[0].key)["version"][:12]
        return spec.replace_attributes(
            automation_condition=None,
            code_version=f"{code}-{hashlib.sha256(text.encode()).hexdigest()[:8]}",
            metadata={**spec.metadata, "config": dg.MetadataValue.json(configs or steps[0].config)},
        )

    return asset.map_asset_specs(changed)
