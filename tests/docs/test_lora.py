"""The example of docs/lora.md: its track is whole, and its stage runs and passes its gate."""

import re
from pathlib import Path
from typing import Any

import pytest
from factories.build import build
from factories.models import random_decoder
from factories.text_stage import VOCAB, write_tiny_shards

from fc_model.artifacts import Store
from fc_model.checkpoints.load import load_decoder
from fc_model.checkpoints.run_checkpoints import save_tensors
from fc_model.config.model import ModelConfig
from fc_pipeline.engine.gates import judge
from fc_pipeline.engine.step import Step
from fc_pipeline.track.config import TrackConfig, parse_track, resolve_extends
from fc_pipeline.track.gates import track_gates
from fc_pipeline.track.graph import build_graph
from fc_pipeline.training.stage import train_stage
from fc_pipeline.yaml_loader import read_yaml

PAGE = Path(__file__).resolve().parents[2] / "docs" / "lora.md"


@pytest.fixture
def track(tmp_path: Path) -> TrackConfig:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "defs.yaml").write_text(example, "utf-8")
    content: Any = read_yaml(tmp_path / "defs.yaml")
    return parse_track("adapted", resolve_extends(content["attributes"]))


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")
def test_the_example(tmp_path: Path, track: TrackConfig) -> None:
    """On a decoder of pico's shape but for its vocabulary, and on small shards."""
    step = build_graph([track])["adapted/stages/adapted"]
    assert step.inputs["start"] == "adapted/stages/multimodal_full"
    model = step.config["model"] | {"vocab_size": VOCAB}
    decoder = random_decoder(**model)

    def shards(step: Step) -> None:
        for path in write_tiny_shards(tmp_path / "written").iterdir():
            step.out.adopt(path.name, path)

    def base(step: Step) -> None:
        for name in ("model", "ema"):
            save_tensors(tmp_path / name, decoder.state_dict())
            step.out.adopt(f"{name}.safetensors", tmp_path / name)

    store = Store(tmp_path)
    inputs = {"shards": build(store, "a/shards", shards), "start": build(store, "a/stages/before", base)}
    made = build(store, "a/stages/adapted", train_stage, step.config | {"model": model}, inputs)
    gates = [gate for key, gate in track_gates(track) if key == "adapted/stages/adapted"]
    (verdict,) = judge(made.metrics, gates)
    assert verdict["passed"] and verdict["metric"] == "lora_merge_max_logit_diff"
    names = {entry.path for entry in made.manifest.files}
    assert {"adapter/adapter_config.json", "adapter_ema/adapter_model.safetensors"} <= names
    assert load_decoder(made.folder, weights="ema").config == ModelConfig.model_validate(model)
    assert made.metrics["trained_share"] < 0.5
