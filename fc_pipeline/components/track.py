"""The Track component: a track's YAML file becomes its assets, its jobs and its schedule."""

import dagster as dg
from dagster.components import ComponentTypeSpec, scaffold_with
from pydantic import BaseModel

from fc_pipeline.components.asset import assets_of
from fc_pipeline.components.automation import asset_job, shards_schedule
from fc_pipeline.components.scaffold import TrackScaffolder
from fc_pipeline.components.schema import track_schema
from fc_pipeline.components.yaml_component import attributes_of, read_component
from fc_pipeline.track.config import TRACKS, TrackConfig, parse_track, resolve_extends
from fc_pipeline.track.graph import build_graph

TrackAttributes = attributes_of(track_schema)
"""A track that extends another one leaves most of them out; `parse_track` validates the whole."""


@scaffold_with(TrackScaffolder)
class Track(dg.Component):
    """A language model, from its documents to files that llama.cpp runs, declared in one YAML file."""

    def __init__(self, config: TrackConfig) -> None:
        self.config = config

    @classmethod
    def get_spec(cls) -> ComponentTypeSpec:
        return ComponentTypeSpec(
            description=cls.__doc__, tags=["language-model"], produces=["asset", "asset_check", "job", "schedule"]
        )

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        return TrackAttributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "Track":
        """The folder's name is the track's name. Raises UserError, one line, for whatever is wrong in the file."""
        name, written = read_component(attributes, context, TRACKS)
        return cls(parse_track(name, resolve_extends(written, TRACKS)))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        track = self.config
        graph = build_graph([track])
        own = [key for key in graph if key.split("/")[0] == track.name]
        whole = f"All of {track.name}: documents, training, evaluation, exports, report."
        data = f"The data of {track.name}: sources, corpus, tokenizer, shards."
        return dg.Definitions(
            assets=assets_of(graph, own, owners=track.owners or None),
            jobs=[
                asset_job(track.name, graph, graph.track(track.name), whole),
                asset_job(f"{track.name}_shards", graph, graph.closure([f"{track.name}/shards"]), data),
            ],
            schedules=[shards_schedule(track.name, track.rebuild_cron)],
        )
