"""The file of a track or an experiment, before its fields are looked at."""

import pytest

from fc_model.errors import UserError
from fc_pipeline.track.config import TRACK_TYPE, read_component

HEAD = f"type: {TRACK_TYPE}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("attributes: {extends: pico}\nstages: {}\ngates: []\n", "stages, gates at the left margin: indent what"),
        ("attributes: {extends: pico}\natributes: {}\n", "atributes at the left margin"),
        ("attributes: {extends: pico}\n1: x\n", "1 at the left margin"),
        ("attributes:\n- extends\n", "a track needs `type: .*Track` and `attributes:`"),
        ("", "a track needs"),
    ],
)
def test_not_a_component(tmp_path, text, message):
    (tmp_path / "defs.yaml").write_text(HEAD + text)
    with pytest.raises(UserError, match=rf"defs\.yaml: {message}"):
        read_component(tmp_path / "defs.yaml", "a track", TRACK_TYPE)


def test_what_dagster_takes(tmp_path):
    text = "attributes: {extends: pico}\nrequirements: {env: [HOME]}\npost_processing: {assets: []}\n"
    (tmp_path / "defs.yaml").write_text(HEAD + text)
    assert read_component(tmp_path / "defs.yaml", "a track", TRACK_TYPE) == {"extends": "pico"}
