"""What a stage file is built into, and which files its weights go to."""

from pathlib import Path
from typing import Any

import pytest
import torch
from factories.image_stage import image_stage
from factories.text_stage import write_stage

from fc_model.checkpoints.load import weights_of
from fc_model.checkpoints.run_checkpoints import save_tensors
from fc_model.data.windows import TrainBatches
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_model.train.build import build_training, draw_again, outputs, start
from fc_model.train.image_groups import ImageBatches
from fc_model.train.image_objective import ImageObjective
from fc_model.train.objective import TextObjective
from fc_model.train.settings import read_stage_file, resolve_settings
from fc_model.vision.vlm import VisionLanguageModel

CPU = torch.device("cpu")


def test_a_stage_of_text_has_a_decoder_alone(tmp_path: Path, text: Path) -> None:
    spec = read_stage_file(write_stage(tmp_path, text, model={"vocab_size": 400}))
    training = build_training(spec, compiled=False)
    assert isinstance(training.objective, TextObjective)
    assert isinstance(training.batches, TrainBatches)
    assert training.evaluate(CPU, None).keys() == {"loss", "bpb", "ppl"}
    assert outputs(weights_of(training.objective.model)).keys() == {"model.safetensors"}
    assert outputs(weights_of(training.objective.model), suffix="ema").keys() == {"ema.safetensors"}


def test_a_stage_with_images_has_both(tmp_path: Path, text: Path, images: Path) -> None:
    spec = read_stage_file(write_stage(tmp_path, text, **image_stage(images)))
    training = build_training(spec, compiled=False)
    assert isinstance(training.objective, ImageObjective)
    assert isinstance(training.batches, ImageBatches)
    figures = training.evaluate(CPU, None)
    assert figures.keys() > {"loss", "bpb", "ppl", "exact_read_line"}
    model = training.objective.model
    alone = read_stage_file(write_stage(tmp_path / "alone", text, model=image_stage(images)["model"]))
    # Eyes are drawn behind the decoder, so it begins as one without them does.
    assert figures["bpb"] == build_training(alone, compiled=False).evaluate(CPU, None)["bpb"]
    files = outputs(weights_of(model))
    assert list(files) == ["model.safetensors", "vision.safetensors"]
    assert list(outputs(weights_of(model), suffix="ema")) == ["ema.safetensors", "vision_ema.safetensors"]
    # What stages of text, evals and exports read: a decoder by its own names.
    decoder = Decoder(spec.model)
    decoder.load_state_dict(files["model.safetensors"])
    assert torch.equal(decoder.embed_tokens.weight, model.decoder.embed_tokens.weight)
    assert {name.split(".")[0] for name in files["vision.safetensors"]} == {"encoder", "fusion", "heads"}
    assert sum(map(len, files.values())) == len(weights_of(model))


def test_fresh_weights_come_back_after_a_rollback_to_the_beginning(tmp_path: Path, text: Path, images: Path) -> None:
    spec = read_stage_file(write_stage(tmp_path, text, **image_stage(images)))
    model = build_training(spec, compiled=False).objective.model
    fresh = {name: tensor.clone() for name, tensor in weights_of(model).items()}
    with torch.no_grad():
        for tensor in weights_of(model).values():
            tensor.fill_(7)
    draw_again(model, spec)
    assert all(torch.equal(tensor, fresh[name]) for name, tensor in weights_of(model).items())


def test_a_decoder_alone_is_taken_over_and_the_vision_stay_fresh(tmp_path: Path, text: Path, images: Path) -> None:
    setting = image_stage(images)
    before = read_stage_file(write_stage(tmp_path / "text", text, model=setting["model"], stage={"seed": 3}))
    decoder = build_training(before, compiled=False).objective.model
    save_tensors(tmp_path / "model.safetensors", weights_of(decoder))
    spec = read_stage_file(write_stage(tmp_path / "see", text, **setting, start=str(tmp_path / "model.safetensors")))
    model = build_training(spec, compiled=False).objective.model
    assert isinstance(model, VisionLanguageModel)
    fresh = {name: tensor.clone() for name, tensor in weights_of(model).items()}
    start(model, spec)
    for name, tensor in weights_of(model).items():
        expected = weights_of(decoder)[name.removeprefix("decoder.")] if name.startswith("decoder.") else fresh[name]
        assert torch.equal(tensor, expected), name
    assert not torch.equal(fresh["decoder.embed_tokens.weight"], model.decoder.embed_tokens.weight)


@pytest.mark.parametrize(
    ("changes", "whole", "message"),
    [
        ({"model": {"vocab_size": 401}}, {}, r"packed for a vocabulary of 400, but model\.vocab_size is 401"),
        ({}, {"shards": "nowhere"}, r"nowhere: no index\.json, so no shards"),
        ({"start": "nothing"}, {}, "nothing: the weights to start from are not there"),
        ({}, {"images": "nowhere"}, r"nowhere: no index\.json, so no image shards; build them first"),
        ({}, {"vision": None}, r"stage tiny: vision and images are missing, which it trains: add both"),
        ({"start_vision": "nothing"}, {}, "nothing: the weights to start from are not there"),
        ({"images_of_stage": {"groups": []}}, {}, r"stage\.images\.groups: "),
        (
            {"images_of_stage": {"frozen": ["encoder"], "unfreeze_encoder_layers": 9}},
            {},
            r"stage tiny: images: unfreeze_encoder_layers \(9\): the encoder has 2",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(
    tmp_path: Path, text: Path, images: Path, changes: dict[str, Any], whole: dict[str, Any], message: str
) -> None:
    folder = write_stage(tmp_path, **{"shards": text, **image_stage(images, **changes), **whole})
    with pytest.raises(UserError, match=message) as caught:
        spec = read_stage_file(folder)
        resolve_settings(folder, spec)
        build_training(spec, compiled=False)
    assert "\n" not in str(caught.value)


def test_the_first_micro_batch_is_chosen_by_the_longest_row(tmp_path: Path, text: Path, images: Path) -> None:
    spec = read_stage_file(write_stage(tmp_path / "small", text, **image_stage(images)))
    # 16 patches and 24 tokens, 9 and 32, a window of 32: at 16,384 tokens a forward pass.
    assert resolve_settings(tmp_path / "small", spec).micro_batch == 16_384 // 41
    windows = write_stage(tmp_path / "windows", text, **image_stage(images, stage={"seq_len": 64}))
    assert resolve_settings(windows, read_stage_file(windows)).micro_batch == 16_384 // 64
    no_text = image_stage(images, stage={"seq_len": 64}, images_of_stage={"text_share": 0})
    images_alone = write_stage(tmp_path / "images", text, **no_text)
    assert resolve_settings(images_alone, read_stage_file(images_alone)).micro_batch == 16_384 // 41


@pytest.mark.parametrize("recompute", [False, True])
def test_gradient_checkpointing(tmp_path: Path, text: Path, images: Path, recompute: bool) -> None:
    """The stage's setting reaches the decoder and the encoder that it trains."""
    stage = {"gradient_checkpointing": recompute}
    alone = read_stage_file(write_stage(tmp_path / "text", text, model={"vocab_size": 400}, stage=stage))
    both = read_stage_file(write_stage(tmp_path / "both", text, **image_stage(images, stage=stage)))
    decoder, model = (build_training(spec, compiled=False).objective.model for spec in (alone, both))
    for part in (decoder, model.decoder, model.encoder):
        assert part.gradient_checkpointing is recompute
