"""The Track component: a track's YAML file becomes its assets, its jobs and its schedule."""

from pathlib import Path
from typing import Any

import dagster as dg
from dagster.components import ComponentTypeSpec, scaffold_with
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from fc_model.errors import UserError
from fc_pipeline.components.asset import assets_of
from fc_pipeline.components.automation import shards_job, shards_schedule, track_job
from fc_pipeline.components.scaffold import TrackScaffolder
from fc_pipeline.components.schema import track_schema
from fc_pipeline.track.config import TRACKS, TrackConfig, parse_track, resolve_extends
from fc_pipeline.track.graph import build_graph


class TrackAttributes(BaseModel):
    """Attributes as written in the file: a track that extends another one leaves most of them out.

    Validated as a whole by `parse_track`, once `extends` is resolved; the JSON schema is that of the parts.
    """

    model_config = ConfigDict(extra="allow")

    extends: str | None = None

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return track_schema()


@scaffold_with(TrackScaffolder)
class Track(dg.Component):
    """A language model, from its documents to files that llama.cpp runs, declared in one YAML file."""

    def __init__(self, config: TrackConfig) -> None:
        self.config = config

    @classmethod
    def get_spec(cls) -> ComponentTypeSpec:
        return ComponentTypeSpec(
            description=cls.__doc__,
            tags=["language-model"],
            produces=["asset", "asset_check", "job", "schedule"],
        )

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        return TrackAttributes

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "Track":
        """The folder's name is the track's name. Raises UserError, one line, for whatever is wrong in the file."""
        written = attributes.model_dump(exclude_unset=True) if attributes else {}
        folder = _folder(context)
        if folder.is_relative_to(TRACKS.parent) and folder.parent != TRACKS:
            raise UserError(f"{folder}: tracks are looked for in {TRACKS}: move this folder there")
        return cls(parse_track(folder.name, resolve_extends(written, TRACKS)))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        track = self.config
        graph = build_graph([track])
        own = [key for key in graph if key.split("/")[0] == track.name]
        return dg.Definitions(
            assets=assets_of(graph, own, owners=track.owners or None),
            jobs=[track_job(track.name, graph), shards_job(track.name, graph)],
            schedules=[shards_schedule(track.name, track.rebuild_cron)],
        )


def _folder(context: dg.ComponentLoadContext) -> Path:
    path = context.path
    return path.parent if path.suffix in (".yaml", ".yml") else path
