"""Stages with images: exact resume through kills, what is frozen, what a stage starts from."""

import signal
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
import torch
from factories.image_stage import GROUPS, VISION, image_stage, lines, write_images
from factories.text_stage import write_stage
from factories.training_runs import changed, drive, open_run, wait_for_step, weights
from safetensors.torch import load_file

from fc_model.artifacts.files import sha256_file
from fc_model.errors import UserError
from fc_model.train import run_stage
from fc_model.train.metrics import read_metrics
from fc_model.train.settings import read_stage_file, resolve_settings
from fc_model.vision.examples import ImageBatch

STEPS, UNFREEZE = 40, 22
RESULTS = (
    "model.safetensors", "vision.safetensors", "ema.safetensors", "vision_ema.safetensors", "optimizer.safetensors",
    "state.json",
)  # fmt: skip
LATE = {"frozen": ["encoder"], "unfreeze_encoder_layers": 1, "unfreeze_at": UNFREEZE / STEPS}


def test_killed_and_terminated_it_ends_in_the_same_bytes(
    tmp_path: Path, text: Path, images: Path, context: ForkServerContext
) -> None:
    setting: dict[str, Any] = {"stage": {"steps": STEPS}, "images_of_stage": LATE}
    whole = write_stage(tmp_path / "whole", text, **image_stage(images, **setting))
    hit = write_stage(tmp_path / "hit", text, **image_stage(images, **setting))
    result = run_stage(whole)
    assert result.files == [*RESULTS, "metrics.jsonl"]
    # Before and behind the first checkpoint, around the unfreezing, near the end; two of them by SIGTERM.
    for step, signum in ((2, 9), (5, 9), (11, 15), (UNFREEZE - 1, 9), (UNFREEZE + 1, 9), (31, 15), (37, 9)):
        process = context.Process(target=run_stage, args=(hit,))
        process.start()
        wait_for_step(hit, step, process)
        assert process.pid is not None
        getattr(process, "kill" if signum == signal.SIGKILL else "terminate")()
        process.join()
        assert process.exitcode == (-signal.SIGKILL if signum == signal.SIGKILL else 1)
        if signum == signal.SIGTERM:
            newest = max((hit / "checkpoints").glob("step-*")).name
            assert newest == f"step-{read_metrics(hit / 'metrics.jsonl')[-1]['step']:08d}"
    assert not (hit / "result.json").exists()
    # To the end with a worker process, which may decide nothing.
    run_stage(write_stage(hit, text, runtime={"workers": 1}, **image_stage(images, **setting)))
    for name in RESULTS:
        assert sha256_file(hit / name) == sha256_file(whole / name), name
    queue = load_file(whole / "vision.safetensors")
    assert int(queue["heads.info_nce.seen"]) > 10, "InfoNCE's queue went around"
    losses = [
        [{name: value for name, value in record.items() if name.startswith(("loss", "share"))} for record in log]
        for log in (read_metrics(hit / "metrics.jsonl"), read_metrics(whole / "metrics.jsonl"))
    ]
    assert losses[0] == losses[1]


def test_changed_settings_and_images_are_refused(tmp_path: Path, text: Path, images: Path) -> None:
    other = write_images(tmp_path / "other", {"train": lines(5), "holdout": lines(3, split="holdout")})
    resolve_settings(tmp_path, read_stage_file(write_stage(tmp_path, text, **image_stage(images))))
    for changed_stage, message in (
        (image_stage(images, images_of_stage={"temperature": 0.1}), r"stage\.images\.temperature 0\.07 -> 0\.1"),
        (image_stage(images, vision={"feature_width": 8}), r"vision\.feature_width 16 -> 8"),
        (image_stage(images, tasks=("read",)), r"stage\.images\.groups "),
        (image_stage(other), r'images ".*\.\.\. -> ".*\.\.\.'),
    ):
        with pytest.raises(UserError, match=f"the run began with other settings.*{message}.*set them back"):
            open_run(tmp_path, text, **changed_stage)


@pytest.mark.parametrize("frozen", [["fusion"], ["decoder", "encoder"]])
def test_frozen_parts_do_not_change(tmp_path: Path, text: Path, images: Path, frozen: list[str]) -> None:
    still = tuple(f"{part}." for part in frozen)
    of_stage = {"frozen": frozen, "text_share": 0.0 if "decoder" in frozen else 1.0}
    stage = {"steps": 10, "eval_every": None, "optimizer": {"kind": "adamw", "weight_decay": 0.1}}
    run = open_run(tmp_path, text, **image_stage(images, images_of_stage=of_stage, stage=stage))
    before, average = weights(run), {name: tensor.clone() for name, tensor in run.train_step.ema.tensors().items()}
    drive(run, steps=9)
    moved = changed(before, weights(run))
    assert not [name for name in moved if name.startswith(still)]
    for part in {"decoder.", "encoder.", "fusion.", "heads."} - set(still):
        all_of_it = {name for name in before if name.startswith(part)}
        assert len(moved & all_of_it) > len(all_of_it) / 2, part
    assert not [name for name in changed(average, run.train_step.ema.tensors()) if name.startswith(still)]
    assert not [name for name in run.train_step.optimizer.tensors() if name.split("/")[1].startswith(still)]
    objective = run.train_step.objective
    for number in range(6):
        batch = run.batches(number)
        objective.loss(batch, num_targets=objective.num_targets(batch)).backward()
    graded = {name for name, parameter in run.train_step.model.named_parameters() if parameter.grad is not None}
    assert graded
    assert not [name for name in graded if name.startswith(still)]


def test_the_last_blocks_are_unfrozen_at_their_step_and_a_rollback_freezes_them_again(
    tmp_path: Path, text: Path, images: Path
) -> None:
    late = LATE | {"unfreeze_at": 0.55}
    run = open_run(tmp_path, text, **image_stage(images, stage={"steps": 20}, images_of_stage=late))
    fresh = weights(run)
    drive(run, steps=11)
    assert not [name for name in changed(fresh, weights(run)) if name.startswith("encoder.")]
    drive(run, steps=12)
    moved = {name for name in changed(fresh, weights(run)) if name.startswith("encoder.")}
    assert moved
    assert not [name for name in moved if not name.startswith(("encoder.encoder.layers.1.", "encoder.post_layernorm."))]
    again = open_run(run.folder)
    assert again.state.step == 12
    drive(again, steps=14)
    assert changed(weights(drive(run, steps=14)), weights(again)) == set()
    again.train_step.objective.begin_step(5)
    trained = {name for name, parameter in again.train_step.model.named_parameters() if parameter.requires_grad}
    assert trained
    assert not [name for name in trained if name.startswith("encoder.")]


def test_text_leaves_the_vision_as_it_is_and_lines_that_are_only_recognized_the_decoder(
    tmp_path: Path, text: Path, images: Path
) -> None:
    of_stage = {"text_share": 3.0}
    stage = {"optimizer": {"kind": "adamw", "weight_decay": 0.1}, "eval_every": None}
    run = open_run(tmp_path, text, **image_stage(images, images_of_stage=of_stage, stage=stage))
    seen = set()
    for step in range(12):
        batch, before = run.batches(step), weights(run)
        run.step(torch.Tensor.backward)
        parts = {name.split(".")[0] for name in changed(before, weights(run))}
        expected = {
            "recognize": {"encoder", "heads"},
            "text": {"decoder"},
            "caption": {"decoder", "encoder", "fusion", "heads"},
            "read": {"decoder", "encoder", "fusion", "heads"},
            "answer": {"decoder", "encoder", "fusion"},
        }
        name = [*GROUPS][batch.group] if isinstance(batch, ImageBatch) else "text"
        assert parts == expected[name], name
        seen.add(name)
    assert seen == {*GROUPS, "text"}


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory, text: Path, images: Path) -> dict[str, str]:
    """The weights that a stage of 12 steps hands on."""
    folder = tmp_path_factory.mktemp("first")
    drive(open_run(folder, text, **image_stage(images, stage={"steps": 12}))).finish()
    return {"start": str(folder / "model.safetensors"), "start_vision": str(folder / "vision.safetensors")}


def test_a_stage_goes_on_with_the_vision_of_the_one_before_but_not_with_its_queue(
    tmp_path: Path, text: Path, images: Path, starts: dict[str, str]
) -> None:
    second = open_run(tmp_path, text, **image_stage(images, images_of_stage={"queue_size": 6}, **starts))
    decoder = {f"decoder.{name}": tensor for name, tensor in load_file(starts["start"]).items()}
    kept = decoder | load_file(starts["start_vision"])
    assert int(kept["heads.info_nce.seen"]) > 0
    for name, tensor in weights(second).items():
        if name.startswith("heads.info_nce."):
            assert tensor.shape[:1] in ((), (6,)), name
        else:
            assert torch.equal(tensor, kept[name]), name
    assert int(weights(second)["heads.info_nce.seen"]) == 0
    assert float(weights(second)["heads.info_nce.log_scale"]) == pytest.approx(2.659, abs=1e-3)
    drive(second, steps=2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"vision": {"feature_width": 8}},
            r"vision\.safetensors: heads\.image\.proj\.weight is \(16, 32\), but this model's is \(8, 32\)",
        ),
        (
            {"vision": {"encoder": VISION["encoder"] | {"num_layers": 3}}},
            r"vision\.safetensors: encoder\.encoder\.layers\.2\..* is None, but this model's is",
        ),
        ({"model": {"num_layers": 3}}, r"model\.safetensors: decoder\.layers\.2\..* is None, but this model's is"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(
    tmp_path: Path, text: Path, images: Path, starts: dict[str, str], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        open_run(tmp_path, text, **image_stage(images, **changes, **starts))


def test_seed_decides_the_vision(tmp_path: Path, text: Path, images: Path) -> None:
    one, same, other = (
        weights(open_run(tmp_path / name, text, **image_stage(images, stage={"seed": seed})))
        for name, seed in (("one", 7), ("same", 7), ("other", 8))
    )
    assert changed(one, same) == set()
    assert {name.split(".")[0] for name in changed(one, other)} == {"decoder", "encoder", "fusion", "heads"}
