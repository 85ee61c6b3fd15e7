"""A track: one file that declares what to read, what to train and which gates must pass.

A track is a Dagster component, `fc_pipeline/defs/tracks/<name>/defs.yaml`. Its fields are those of its parts
(fc_pipeline/track/parts.py). `extends:` names another track whose fields it starts from: mappings are merged,
everything else is replaced, and null removes an entry of a mapping. Waivers are not inherited, since whoever waived a
gate of one track did not mean another; nor is a milestone whose gates were replaced. Nothing here imports torch or
Dagster.
"""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError, create_model, model_validator

from fc_model.config.problems import problems
from fc_model.errors import UserError, suggestion
from fc_pipeline.engine.part import TrackFields
from fc_pipeline.track.parts import PARTS
from fc_pipeline.yaml_loader import read_yaml

TRACKS = Path(__file__).resolve().parents[1] / "defs" / "tracks"
TRACK_TYPE = "fc_pipeline.components.Track"
_COMPONENT_FILE = {"type", "attributes", "requirements", "template_vars_module", "post_processing"}
"""What Dagster takes at the left margin of a component's file."""


class _Checked(TrackFields):
    """Everything that one model is made from."""

    @model_validator(mode="after")
    def _fits_together(self) -> "_Checked":
        for part in PARTS:
            part.check(self)
        return self


if TYPE_CHECKING:

    class TrackConfig(_Checked):
        """The fields of all parts. Type checkers do not see them; a part's functions use the part's fields class."""

        def __getattr__(self, name: str) -> Any: ...

else:
    TrackConfig = create_model(
        "TrackConfig", __base__=(_Checked, *(part.fields for part in reversed(PARTS))), __doc__=_Checked.__doc__
    )


def parse_track(name: str, attributes: dict[str, Any]) -> TrackConfig:
    """Validate attributes in which `extends` is already resolved.

    Raises UserError, one line: the track, each field, what is wrong and the remedy.
    """
    try:
        return TrackConfig.model_validate({**attributes, "name": name})
    except ValidationError as error:
        raise UserError(f"tracks/{name}: {problems(error, TrackConfig)}") from error


def read_attributes(name: str, folder: Path = TRACKS, *, _seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """The attributes of a track's file with `extends` resolved.

    Raises UserError for a missing or broken file and for tracks that extend each other in a circle.
    """
    if name in _seen:
        raise UserError(f"tracks extend each other in a circle: {' -> '.join((*_seen, name))}")
    path = folder / name / "defs.yaml"
    try:
        attributes = read_component(path, "a track", TRACK_TYPE)
    except FileNotFoundError as error:
        names = [file.parent.name for file in folder.glob("*/defs.yaml")]
        raise UserError(f"there is no track {name!r}{suggestion(name, names)}") from error
    return resolve_extends(attributes, folder, _seen=(*_seen, name))


def read_component(path: Path, what: str, kind: str) -> dict[str, Any]:
    """The attributes of the file of a Dagster component, `kind`. Raises UserError when it is not one of these."""
    raw = read_yaml(path)
    if not isinstance(raw, dict) or raw.get("type") != kind or not isinstance(raw.get("attributes"), dict):
        raise UserError(f"{path}: {what} needs `type: {kind}` and `attributes:`")
    if strangers := [str(field) for field in raw if field not in _COMPONENT_FILE]:
        raise UserError(f"{path}: {', '.join(strangers)} at the left margin: indent what belongs to `attributes:`")
    return raw["attributes"]


def resolve_extends(
    attributes: dict[str, Any], folder: Path = TRACKS, *, _seen: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The attributes laid over those of the track that they extend, if any."""
    own = {key: value for key, value in attributes.items() if key != "extends"}
    base = attributes.get("extends")
    if base is None:
        return own
    if not isinstance(base, str):
        raise UserError(f"extends: must be the name of a track, YAML reads it as {base!r}: put it in quotes")
    inherited = read_attributes(base, folder, _seen=_seen)
    inherited.pop("waivers", None)
    merged = _merge(inherited, own)
    _leave_out_milestones_without_gates(merged, own)
    return merged


def _leave_out_milestones_without_gates(merged: dict[str, Any], own: dict[str, Any]) -> None:
    """Those that only the base declares."""
    milestones, gates, declared = merged.get("milestones"), merged.get("gates"), own.get("milestones") or {}
    if isinstance(milestones, dict) and isinstance(gates, list) and isinstance(declared, dict):
        named = [gate.get("milestone") for gate in gates if isinstance(gate, dict)]
        merged["milestones"] = {name: value for name, value in milestones.items() if name in named or name in declared}


def load_tracks(folder: Path = TRACKS, *, without: Collection[str] = ()) -> dict[str, TrackConfig]:
    """Every track below the folder but these, by name, sorted. Raises UserError for the first that is wrong."""
    names = sorted({path.parent.name for path in folder.glob("*/defs.yaml")} - set(without))
    return {name: parse_track(name, read_attributes(name, folder)) for name in names}


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Mappings are merged, other values replaced, null removes an entry of the base."""
    merged = dict(base)
    for key, value in over.items():
        if value is None and isinstance(base.get(key), dict):
            del merged[key]
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = _merge(base[key], value)
        else:
            merged[key] = value
    return merged
