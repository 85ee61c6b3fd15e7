"""The bench of a multimodal stage notices what was trained and should not be, and what should and was not."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from bench import multimodal_data
from bench.multimodal_memory import trained
from fc_model.data.images.shards import ImageShards
from fc_model.data.token_shards import Shards
from fc_model.tokenizer import Tokenizer

DECODER = ["embed_tokens.weight", "layers.0.mlp.up_proj.weight"]
VISION = ["encoder.encoder.layers.0.x", "encoder.encoder.layers.1.x", "encoder.post_layernorm.weight", "fusion.query"]
TRAINED = ["decoder." + name for name in DECODER] + VISION[1:]


def write(folder: Path, changed: list[str], *, early: list[str], with_gradient: list[str]) -> None:
    def values(names: list[str], moved: list[str], prefix: str = "") -> dict[str, torch.Tensor]:
        return {name: torch.full((2,), 1.0 + (prefix + name in moved)) for name in names}

    checkpoint = folder / "stage" / "checkpoints" / "step-00000002"
    checkpoint.mkdir(parents=True)
    (folder / "start").mkdir()
    for place, moved in ((folder / "start", list[str]()), (folder / "stage", changed)):
        save_file(values(DECODER, moved, "decoder."), place / "model.safetensors")
        save_file(
            values(VISION, moved) | {"heads.info_nce.seen": torch.tensor(len(moved))}, place / "vision.safetensors"
        )
    whole = ["decoder." + name for name in DECODER] + VISION
    save_file(values(whole, early) | {"heads.info_nce.seen": torch.tensor(2)}, checkpoint / "model.safetensors")
    moments = {f"exp_avg/{name}": torch.full((2,), float(name in with_gradient)) for name in TRAINED}
    save_file(moments, folder / "stage" / "optimizer.safetensors")
    spec = {"vision": {"encoder": {"num_layers": 2}}}
    (folder / "stage" / "stage.json").write_text(json.dumps(spec))


EARLY = [name for name in TRAINED if not name.startswith("encoder.")]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, []),
        ({"early": TRAINED}, VISION[1:3]),  # thawed too early
        ({"changed": [*TRAINED, VISION[0]]}, VISION[:1]),  # frozen, and changed
        ({"changed": TRAINED[1:]}, TRAINED[:1]),  # never changed
        ({"with_gradient": TRAINED[:-1]}, TRAINED[-1:]),  # only decayed
    ],
)
def test_trained(tmp_path: Path, changes, wrong) -> None:
    write(tmp_path, **{"changed": TRAINED, "early": EARLY, "with_gradient": TRAINED} | changes)
    found = trained(tmp_path)
    assert found["wrong"] == sorted(wrong)
    assert found["tensors"] == {"encoder": 3, "other": 3}


def test_inputs(tmp_path: Path) -> None:
    multimodal_data.write_text(tmp_path / "shards", vocab_size=12_000, tokens=5_000)
    shards = Shards(tmp_path / "shards", "train")
    assert shards.vocab_size == Tokenizer(tmp_path / "shards" / "tokenizer.model").vocab_size == 12_000
    assert shards.num_tokens >= 5_000
    folder = multimodal_data.write_images(tmp_path / "home")
    kinds = {record.kind for split in ("train", "holdout") for record in ImageShards(folder, split).records()}
    assert kinds == {"photo", "document/page"}
