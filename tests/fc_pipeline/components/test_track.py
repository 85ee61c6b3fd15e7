"""The Track component as dg sees it: its schema, its scaffold, the messages for a file that is wrong."""

import re
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import jsonschema
import pytest
import yaml
from dagster.components.testing import create_defs_folder_sandbox

from fc_model.errors import UserError
from fc_pipeline.components import Track
from fc_pipeline.components.scaffold import track_file
from fc_pipeline.components.schema import track_schema
from fc_pipeline.components.shared import all_tracks
from fc_pipeline.definitions import policy
from fc_pipeline.track.config import TRACKS, load_tracks, parse_track, resolve_extends

SHIPPED = sorted(path.parent.name for path in TRACKS.glob("*/defs.yaml"))

# Dagster's own scaffolding and loading cause them.
OF_DAGSTER = pytest.mark.filterwarnings(
    "ignore:`parse_obj_as` is deprecated", "ignore:Class `.*Reference.*` is currently in beta"
)

shipped = lru_cache(load_tracks)


def attributes(name: str) -> dict:
    return yaml.safe_load((TRACKS / name / "defs.yaml").read_text("utf-8"))["attributes"]


def load_track(folder: Path, **fields: object) -> Track:
    """As Dagster does with what stands under `attributes` in the folder's file."""
    return Track.load(Track.get_model_cls()(**fields), SimpleNamespace(path=folder / "defs.yaml"))


def uncommented(text: str) -> str:
    """The scaffolded file with every suggested value switched on; explanations stay comments."""
    fields = "|".join(track_schema()["properties"])
    head, _, body = text.partition("attributes:\n")
    lines = []
    for block in body.split("\n\n"):
        rows = block.splitlines()
        values = [number for number, row in enumerate(rows) if re.match(rf"  # ({fields}):", row)]
        first = values[0] if values else len(rows)
        lines += rows[:first] + [re.sub(r"^  # ", "  ", row) for row in rows[first:]]
    return head + "attributes:\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", SHIPPED)
def test_schema_shipped_tracks(name):
    jsonschema.validate(attributes(name), track_schema())


def test_schema_of_fields():
    jsonschema.validate({"extends": "nano", "stages": {"pretrain_b": None}}, track_schema())
    jsonschema.validate({"extends": "nano", "instructions": {"holdout": {"blind": None}}}, track_schema())
    with pytest.raises(jsonschema.ValidationError, match="'vocab'"):
        jsonschema.validate({"tokenizer": {"vocab": 1}}, track_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"model": {"num_layers": "six"}}, track_schema())


def test_schema_descriptions():
    bare = [name for name, part in track_schema()["properties"].items() if not part.get("description")]
    assert bare == []


@pytest.mark.parametrize("name", SHIPPED)
def test_scaffold_equals_base(name):
    raw = yaml.safe_load(track_file("mine", extends=name))["attributes"]
    mine = parse_track("mine", resolve_extends(raw))
    base = shipped()[name]
    different = {"name": "mine", "description": mine.description}
    assert mine.model_dump() == base.model_dump() | different


@pytest.mark.parametrize("name", SHIPPED)
def test_scaffold_comments(name):
    text = uncommented(track_file("mine", extends=name))
    raw = yaml.safe_load(text)["attributes"]
    jsonschema.validate(raw, track_schema())
    mine = parse_track("mine", resolve_extends(raw))
    assert mine.stages == shipped()[name].stages
    assert mine.corpus == shipped()[name].corpus
    assert set(raw) == set(track_schema()["properties"])


@OF_DAGSTER
def test_scaffold_by_dg():
    with create_defs_folder_sandbox() as sandbox:
        path = sandbox.scaffold_component(Track, defs_path="mine", scaffold_params={"extends": "pico"})
        assert (path / "defs.yaml").read_text("utf-8") == track_file("mine", extends="pico")
        with sandbox.load_component_and_build_defs(defs_path=path) as (component, defs):
            assert component.config.name == "mine"
            keys = {"/".join(spec.key.path) for spec in dg.Definitions.merge(defs, policy()).resolve_all_asset_specs()}
            pico = {key.removeprefix("pico/") for key in all_tracks() if key.startswith("pico/")}
            assert {key.removeprefix("mine/") for key in keys if key.startswith("mine/")} == pico
            assert {job.name for job in defs.jobs} == {"mine", "mine_shards"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"extends": "nanno"}, "there is no track 'nanno'; did you mean 'nano'?"),
        (
            {"extends": "pico", "mixture": {"stages": {"pretrain_c": {"weights": {"code": 1}}}}},
            "mixture.stages: 'pretrain_c' is no stage of pre-training; did you mean 'pretrain_b'?",
        ),
        (
            {"extends": "pico", "mixture": {"stages": {"pretrain_b": {"tokens": 9, "weights": {"code": 1}}}}},
            "raise mixture.stages.pretrain_b.tokens or lower the stages",
        ),
        (
            {"extends": "pico", "images": {"mixture": {"sizes": [{"kind": "*", "height": 64, "width": 96}]}}},
            "mixture.sizes: line counts as 64 x 96, and the stages bring it to 32 x 128: add {kind: 'line',",
        ),
        ({"extends": "pico", "tokenizer": {"vocab": 9}}, "tokenizer.vocab is no field; did you mean 'vocab_size'?"),
    ],
)
def test_wrong_file(wrong, message):
    with pytest.raises(UserError) as caught:
        load_track(TRACKS / "mine", **wrong)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_track_elsewhere():
    with pytest.raises(UserError, match="mine: tracks are looked for in"):
        load_track(TRACKS.parent / "mine", extends="pico")
