"""`dg scaffold defs fc_pipeline.components.Track tracks/<name>`: a new track with explained fields that runs unchanged.

The file is generated from the schema and from the track that it extends, so it always matches both.
"""

import textwrap
from typing import Any

import yaml
from dagster.components import Scaffolder, ScaffoldRequest
from pydantic import BaseModel, Field

from fc_model.errors import UserError
from fc_pipeline.components.schema import track_schema
from fc_pipeline.track.config import TRACK_TYPE, parse_track, read_attributes

_WIDTH = 100


class TrackParams(BaseModel):
    """Options of the scaffolding command."""

    extends: str = Field(default="nano", description="Track to start from.")


class TrackScaffolder(Scaffolder[TrackParams]):
    """Writes `defs.yaml`."""

    @classmethod
    def get_scaffold_params(cls) -> type[TrackParams]:
        return TrackParams

    def scaffold(self, request: ScaffoldRequest[TrackParams]) -> None:
        if request.scaffold_format != "yaml":
            raise UserError("a track is a YAML file: scaffold it with --format yaml")
        params = request.params or TrackParams()
        request.target_path.mkdir(parents=True, exist_ok=True)
        text = track_file(request.target_path.name, extends=params.extends)
        (request.target_path / "defs.yaml").write_text(text, encoding="utf-8")


def track_file(name: str, *, extends: str) -> str:
    """The text of a new track that extends another one and shows the values of that one as comments."""
    base = read_attributes(extends)
    whole = parse_track(extends, base).model_dump(mode="json")
    lines = [
        f"# {name}: a track. `make run TRACK={name}` builds it; `fustercluck plan {name}` says what that would do.",
        f"# It starts as {extends}, whose values stand below as comments. Uncomment what should differ: mappings are",
        "# merged, lists are replaced, null takes an entry of a mapping away. A changed corpus needs its own name.",
        f"type: {TRACK_TYPE}",
        "attributes:",
        f"  extends: {extends}",
        f"  description: {name}, a variation of {extends}.",
    ]
    for field, schema in track_schema()["properties"].items():
        if field not in ("extends", "description"):
            entry = [f"  # {line}" for line in _value(field, base.get(field, whole[field]), schema)]
            lines += ["", *_comment(schema, indent="  "), *entry]
    return "\n".join(lines) + "\n"


def _value(name: str, value: Any, schema: dict[str, Any]) -> list[str]:
    """YAML lines of one field; inside a mapping, each field's description stands above it."""
    fields = schema.get("properties", {})
    if not isinstance(value, dict) or not fields:
        text = yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True, width=_WIDTH)
        return text.splitlines()
    lines = [f"{name}:"]
    for field, part in fields.items():
        if field in value or part.get("default") is not None:
            inner = _value(field, value.get(field, part.get("default")), part)
            lines += [*_comment(part, indent="  "), *(f"  {line}" for line in inner)]
    return lines


def _comment(schema: dict[str, Any], *, indent: str) -> list[str]:
    text = " ".join(schema.get("description", "").split())
    return [f"{indent}# {line}" for line in textwrap.wrap(text, _WIDTH - len(indent))]
