"""Held-out figures of a stage with images: by hand, and those of weights that know against those that do not."""

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from factories.image_stage import GROUPS, line_sample, stage_config, toy_sample, toys, vision_model, write_images

from fc_model.data.images.record import Question
from fc_model.data.images.shards import ImageShards, Sample
from fc_model.errors import UserError
from fc_model.model.loss import IGNORE
from fc_model.train.image_groups import ImageBatches
from fc_model.train.image_holdout import ImageHoldoutLoss
from fc_model.train.image_objective import ImageObjective
from fc_model.train.state import TrainState
from fc_model.train.train_step import TrainStep
from fc_model.vision.examples import ExampleMaker

CPU = torch.device("cpu")
NAMES = {"loss_read_line", "exact_read_line", "loss_caption_toy_all", "exact_caption_toy_all"} | {
    "loss_answer_toy_all", "exact_answer_toy_all", "recognizer_recognize_line", "recognized_recognize_line",
    "recognizer_read_line", "recognized_read_line",
}  # fmt: skip


def test_each_group_has_its_figures(images: Path, maker: ExampleMaker) -> None:
    stage = stage_config()
    model = vision_model(stage)
    figures = ImageHoldoutLoss(images, model, stage, maker).evaluate(CPU, None)
    assert figures.keys() == NAMES
    assert all(math.isfinite(value) for value in figures.values())
    assert all(figures[name] == 0 for name in NAMES if name.startswith(("exact", "recognized"))), "random weights"
    assert model.training, "as it was"
    again = ImageHoldoutLoss(images, model.eval(), stage, maker)
    assert again.evaluate(CPU, None) == figures
    assert not model.training


def test_figures_by_hand(images: Path, maker: ExampleMaker) -> None:
    """Captions: the mean over all tokens of all batches, one sample at a time."""
    stage = stage_config(("caption",), recognition=0, alignment=0)
    model = vision_model(stage).eval()
    figures = ImageHoldoutLoss(images, model, stage, maker).evaluate(CPU, None)
    nats, tokens = 0.0, 0
    assert stage.images is not None
    for sample in ImageShards(images, "holdout").samples():
        if sample.record.caption:
            batch = maker.batch(stage.images.groups[0], 0, [sample], [random.Random(0)])
            assert batch.targets_BL is not None
            assert batch.ids_BL is not None
            with torch.no_grad():
                hidden_BLD = model.hidden(model.encode_images(batch.images_BIHWC)[1], batch.ids_BL)
                log_odds_LV = F.linear(hidden_BLD, model.decoder.head_VD)[0].log_softmax(dim=-1)
            for place, target in enumerate(batch.targets_BL[0].tolist()):
                if target != IGNORE:
                    nats, tokens = nats - float(log_odds_LV[place, target]), tokens + 1
    assert figures["loss_caption_toy_all"] == pytest.approx(nats / tokens, rel=1e-5)


def test_it_tells_weights_that_know_from_those_that_do_not(tmp_path: Path, maker: ExampleMaker) -> None:
    """Toys and lines that it was trained on are all right; shuffled weights and other images bring that to nothing."""
    same = [line_sample(number, text) for number, text in enumerate(("cat dog", "owl A7", "two sun", "x=3 Hi!"))]
    known = [*same, *toys()]
    held = [Sample(record=replace(each.record, split="holdout"), images=each.images) for each in known]
    images = write_images(tmp_path / "known", {"train": known, "holdout": held})
    groups = [
        GROUPS["read"] | {"augment": 0.0, "images": 4, "share": 2},
        GROUPS["caption"] | {"images": 16, "share": 1},
    ]
    stage = stage_config(groups=groups, text_share=0, recognition=1.0, alignment=1.0, steps=360, lr=3e-3)
    model = vision_model(stage)
    train_step = TrainStep(ImageObjective(model, stage), stage, device=CPU, dtype=None)
    text_batches: Any = None  # no step of it is text
    batches = ImageBatches(images, text_batches, stage, maker)
    holdout = ImageHoldoutLoss(images, model, stage, maker)
    for step in range(360):
        train_step(batches(step), TrainState(step=step, micro_batch=16))
    good = holdout.evaluate(CPU, None)
    assert good["exact_read_line"] == good["recognized_read_line"] == 1
    assert good["exact_caption_toy_all"] > 0.8
    assert good["loss_read_line"] < 0.1

    pictures = [each.images for each in held[3::-1] + held[:3:-1]]  # lines of other lines, toys of other toys
    others = [Sample(record=each.record, images=of) for each, of in zip(held, pictures, strict=True)]
    swapped = write_images(tmp_path / "swapped", {"holdout": others})
    blind = ImageHoldoutLoss(swapped, model, stage, maker).evaluate(CPU, None)
    assert blind["exact_read_line"] == 0, "it reads the image, not the prompt"
    assert blind["exact_caption_toy_all"] == blind["recognized_read_line"] == 0

    with torch.no_grad():
        for parameter in model.fusion.parameters():
            parameter.copy_(parameter.flatten()[torch.randperm(parameter.numel())].view_as(parameter))
    shuffled = holdout.evaluate(CPU, None)
    assert shuffled["exact_read_line"] < 0.5
    assert shuffled["loss_read_line"] > 10 * good["loss_read_line"]
    assert shuffled["recognized_read_line"] == 1, "the CTC head does without the fusion"


def test_an_answer_that_has_no_room_is_not_counted_as_right(tmp_path: Path, maker: ExampleMaker) -> None:
    long = Question(question="What is it that can be seen here?" * 9, answers=["red"], kind="extractive")
    toy = toy_sample(0, "box", "red", split="holdout")
    asked = Sample(record=replace(toy.record, questions=[long]), images=toy.images)
    stage = stage_config(("answer",), recognition=0, alignment=0)
    images = write_images(tmp_path, {"holdout": [asked]})
    figures = ImageHoldoutLoss(images, vision_model(stage), stage, maker).evaluate(CPU, None)
    assert figures == {"loss_answer_toy_all": 0, "exact_answer_toy_all": 0}
    both = write_images(tmp_path / "two", {"holdout": [asked, toy]})
    beside = ImageHoldoutLoss(both, vision_model(stage), stage, maker)
    with torch.no_grad():
        figures_of_batch = beside._figures(beside._batches[0])
    assert ("exact", 0.0, 1) in figures_of_batch, "of two samples one has an answer"


def test_at_most_128_samples_of_a_group(tmp_path: Path, maker: ExampleMaker) -> None:
    held = [line_sample(number, f"n {number}", split="holdout") for number in range(140)]
    stage = stage_config(("recognize",))
    sample = ImageHoldoutLoss(write_images(tmp_path, {"holdout": held}), vision_model(stage), stage, maker)
    assert sum(len(batch) for batch in sample._batches) == 128


def test_a_group_without_held_out_images_is_refused(tmp_path: Path, maker: ExampleMaker) -> None:
    stage = stage_config()
    images = write_images(tmp_path, {"holdout": [line_sample(0, "cat", split="holdout")]})
    with pytest.raises(UserError, match="no sample of split holdout is for group caption_toy_all"):
        ImageHoldoutLoss(images, vision_model(stage), stage, maker)
