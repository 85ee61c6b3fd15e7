"""Small tracks that need no network, and an experiment on one, built as `fustercluck run experiments/trial` does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from fc_model.artifacts import Artifact, Store
from fc_pipeline.cli.run import build
from fc_pipeline.components.asset import assets_of
from fc_pipeline.definitions import policy
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.experiments.config import parse_experiment
from fc_pipeline.experiments.graph import with_experiments
from fc_pipeline.track.config import TRACK_TYPE, parse_track, read_attributes
from fc_pipeline.track.graph import build_graph

NAME = "experiments/trial"
TEXT_OF_PICO = {"track": "pico", "stages": {"pretrain_a": {"tokens": 102_400}}, "seeds": [0, 3]}
TEXT_OF_PICO |= {"metric": "bits_per_byte_mix", "better": "less"}
STEPS = {"multimodal_intro": 6, "multimodal_full": 10}
IMAGES_OF_PICO = {"track": "pico", "start": "pretrain_b", "seeds": [0, 3], "better": "more"}
IMAGES_OF_PICO |= {"metric": "read_exact_match_line"}
IMAGES_OF_PICO |= {"stages": {name: {"steps": steps} for name, steps in STEPS.items()}}
STAGE = {"seq_len": 64, "batch_tokens": 512, "lr": 0.01, "schedule": {"kind": "cosine", "warmup_steps": 2}}


def tiny_track() -> dict[str, Any]:
    """Two domains, and a model of one small block."""
    attributes = read_attributes("pico")
    return attributes | {
        "corpus": {
            **attributes["corpus"],
            "name": "tiny",
            "sources": ["pico_code", "pico_data"],
            "decontamination": {"evalsets": []},
        },
        "tokenizer": {**attributes["tokenizer"], "vocab_size": 600, "input_bytes": 300_000},
        "mixture": {"tokens": 60_000, "weights": {"code": 50, "data": 50}},
        "model": {"num_layers": 1, "hidden_size": 32, "num_heads": 2, "num_kv_heads": 1, "head_dim": 16}
        | {"intermediate_size": 64, "context_length": 64},
        "images": None,
        "vision": None,
        "stages": {"only": {**STAGE, "tokens": 20_480, "ema_decay": 0.9, "eval_tokens": 1024}},
        "evals": {"max_tokens_per_domain": 2000, "control_tokens": 512, "sample_tokens": 2},
        "gates": [],
    }


def image_track() -> dict[str, Any]:
    """The same with eyes: pico's images, fewer of them, and two stages that see."""
    attributes, tiny = read_attributes("pico"), tiny_track()
    groups = [
        {"kinds": ["line"], "task": "read", "height": 32, "width": 128, "images": 8, "text_tokens": 16, "share": 2},
        {"kinds": ["screenshot/dialog"], "task": "caption", "height": 64, "width": 96}
        | {"images": 4, "text_tokens": 16, "share": 1},
    ]
    look = {**STAGE, "kind": "multimodal", "lr": 0.002, "ema_decay": 0.5, "eval_tokens": 512}
    synthetic = attributes["images"]["synthetic"]
    kinds = {"line": {"train": 48, "holdout": 8}, "screenshot/dialog": {"train": 12, "holdout": 4}}
    return tiny | {
        "images": {**attributes["images"], "synthetic": {**synthetic, "kinds": kinds}},
        "vision": {
            "encoder": {"image_size": 128, "patch_size": 16, "hidden_size": 32, "num_layers": 1, "num_heads": 2}
            | {"intermediate_size": 64, "interpolation": "bilinear"},
            "fusion": {"kind": "mlp", "head_dim": 16},
        },
        "stages": {
            "only": {**tiny["stages"]["only"], "tokens": 2048},
            "intro": {**look, "steps": 50, "images": {"groups": groups, "frozen": ["decoder"], "queue_size": 16}},
            "full": {**look, "steps": 50, "images": {"groups": groups, "text_share": 1, "queue_size": 16}},
        },
        "image_evals": {"max_samples": 8, "retrieval_samples": 4, "control_samples": 2, "sample_pictures": 2},
    }


def on_track(folder: Path, name: str, attributes: dict[str, Any], experiment: dict[str, Any]) -> Graph:
    """A track, whose file is written below the folder, and an experiment on it."""
    (folder / name).mkdir()
    text = yaml.safe_dump({"type": TRACK_TYPE, "attributes": attributes}, sort_keys=False)
    (folder / name / "defs.yaml").write_text(text, "utf-8")
    tracks = build_graph([parse_track(name, attributes)])
    return with_experiments(tracks, [parse_experiment("trial", {**experiment, "track": name})], folder=folder)


class Built:
    """An experiment on a track called tiny, on an instance and a store of its own."""

    def __init__(self, folder: Path, track: dict[str, Any], experiment: dict[str, Any]) -> None:
        self.store = Store(folder / "data")
        self.graph = on_track(folder, "tiny", track, experiment)
        self.keys = self.graph.track(NAME)
        self.status = self.run()

    def run(self) -> int:
        def definitions() -> dg.Definitions:
            return dg.Definitions.merge(dg.Definitions(assets=assets_of(self.graph, list(self.graph))), policy())

        return build(NAME, self.graph, self.keys, definitions)

    def artifact(self, part: str) -> Artifact:
        key = part if part in self.graph else f"{NAME}/{part}"
        return Resolver(self.graph, self.store).require(key, for_key="test").verify()


@contextmanager
def homes(folder: Path) -> Iterator[Path]:
    """FC_HOME (`data`) and DAGSTER_HOME are in the folder inside the block."""
    (folder / "dagster_home").mkdir()
    (folder / "dagster_home" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(folder / "dagster_home"))
        patch.setenv("FC_HOME", str(folder / "data"))
        yield folder
