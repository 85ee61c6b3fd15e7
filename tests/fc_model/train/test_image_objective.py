"""Losses of a stage with images: micro-batches, memory that runs out, weights of the losses, InfoNCE, overfitting."""

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from factories.image_stage import GROUPS, line_sample, stage_config, toys, vision_model
from torch import Tensor

from fc_model.config.image_stage import LossWeights
from fc_model.data.images.shards import Sample
from fc_model.data.token_shards import Shards
from fc_model.data.windows import TrainBatches
from fc_model.errors import UserError
from fc_model.model.loss import IGNORE
from fc_model.train.image_objective import ImageObjective
from fc_model.train.state import TrainState
from fc_model.train.train_step import TrainStep
from fc_model.vision.examples import PAD_ID, ExampleMaker, ImageBatch
from fc_model.vision.vlm import VisionLanguageModel

CPU = torch.device("cpu")
TASKS = [*GROUPS]
LINES = ["cat dog", "owl A7", "x=3 Hi!", "two sun", "dog two", "Hi! owl", "sun cat", "A7 x=3"]


def train_step(*, dropout: float = 0.0, dtype: torch.dtype | None = None, **changes: Any) -> TrainStep:
    stage = stage_config(**changes)
    return TrainStep(ImageObjective(vision_model(stage, dropout=dropout), stage), stage, device=CPU, dtype=dtype)


def batch_of(maker: ExampleMaker, one: TrainStep, task: str, samples: list[Sample]) -> ImageBatch:
    assert one.stage.images is not None
    number = next(n for n, group in enumerate(one.stage.images.groups) if group.task == task)
    rngs = [random.Random(sample) for sample in range(len(samples))]
    return maker.batch(one.stage.images.groups[number], number, samples, rngs)


def samples_of(task: str, count: int = 4) -> list[Sample]:
    """Lines of different lengths, one of them with characters that the CTC head cannot read, or toys."""
    if task in ("recognize", "read"):
        return [line_sample(number, text) for number, text in enumerate(["cat", "Größe é", "x=3 A7", "two"][:count])]
    return toys()[1::4][:count]


def loss_at(one: TrainStep, step: int, batch: ImageBatch) -> tuple[float, dict[str, float]]:
    """Loss and figures of a step that changes no weights."""
    one.objective.begin_step(step)
    loss = float(one.objective.loss(batch, num_targets=one.objective.num_targets(batch)).detach())
    one.objective.end_step()
    return loss, one.objective.figures()


@pytest.mark.parametrize("task", ["read", "answer", "caption"])
def test_padding_changes_no_loss(maker: ExampleMaker, task: str) -> None:
    one = train_step()
    batch = batch_of(maker, one, task, samples_of(task))
    assert batch.ids_BL is not None and batch.targets_BL is not None
    assert (batch.ids_BL[:, -1] != PAD_ID).any(), "as long as its longest text"
    longer = replace(
        batch, ids_BL=F.pad(batch.ids_BL, (0, 3)), targets_BL=F.pad(batch.targets_BL, (0, 3), value=IGNORE)
    )
    (loss, _), (padded, _) = loss_at(one, 0, batch), loss_at(train_step(), 0, longer)
    assert loss == pytest.approx(padded, rel=1e-5) and loss > 0


def gradients(one: TrainStep) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in one.model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("micro_batch", [1, 3])
@pytest.mark.parametrize("task", TASKS)
def test_parts_of_a_batch_add_up_to_the_whole(maker: ExampleMaker, task: str, micro_batch: int) -> None:
    """InfoNCE apart, whose negatives are those of a part: its weight is 0 here."""
    outcomes = []
    for size in (4, micro_batch):
        one = train_step(losses={"lm": [0.8, 0.9], "contrastive": [0.0, 0.0]})
        batch = batch_of(maker, one, task, samples_of(task))
        loss = one._forward_backward(batch, TrainState(step=3, micro_batch=size), Tensor.backward)
        one.objective.end_step()
        outcomes.append((loss, one.objective.figures(), gradients(one)))
    (loss, figures, whole), (loss_of_parts, figures_of_parts, parts) = outcomes
    assert loss_of_parts == pytest.approx(loss, rel=1e-5)
    assert figures_of_parts == pytest.approx(figures, rel=1e-5)
    assert set(figures) >= {"recognize": {"loss_recognizer"}}.get(
        task, {f"loss_{task}_{GROUPS[task]['kinds'][0].replace('/*', '_all')}"}
    )
    assert whole.keys() == parts.keys()
    for name, gradient in whole.items():
        assert torch.allclose(parts[name], gradient, rtol=1e-3, atol=1e-6), name


@pytest.mark.parametrize("micro_batch", [4, 1])
def test_text_is_the_decoder_alone(text: Path, micro_batch: int) -> None:
    one = train_step()
    batch = TrainBatches(Shards(text), one.stage)(0)
    assert one.objective.num_targets(batch) == 128
    loss = one._forward_backward(batch, TrainState(micro_batch=micro_batch), Tensor.backward)
    one.objective.end_step()
    expected = float(one.model.decoder.loss(batch.ids_BT, batch.targets_BT, batch.document_BT).detach())
    assert loss == pytest.approx(expected, rel=1e-5)
    assert one.objective.figures() == {"loss_text": pytest.approx(expected, rel=1e-5)}


def test_a_step_that_is_not_applied_leaves_no_trace(maker: ExampleMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    one = train_step()
    objective = one.objective
    assert isinstance(objective, ImageObjective)
    batch = batch_of(maker, one, "caption", samples_of("caption"))
    real = objective.loss
    monkeypatch.setattr(objective, "loss", lambda part, *, num_targets: real(part, num_targets=num_targets) * math.inf)
    before = {name: tensor.clone() for name, tensor in one.weights().items()}
    assert not one(batch, TrainState(micro_batch=4)).applied
    assert all(torch.equal(tensor, before[name]) for name, tensor in one.weights().items()), "the queue too"
    assert objective.figures() == {}


def test_out_of_memory_halves_and_fills_the_queue_once(maker: ExampleMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    one, reference = train_step(dropout=0.2), train_step(dropout=0.2)
    batch = batch_of(maker, one, "caption", samples_of("caption"))
    tried: list[int] = []
    real = VisionLanguageModel.encode_patches

    def limited(self: VisionLanguageModel, images_BIHWC: Tensor) -> Any:
        if self is one.model:
            tried.append(len(images_BIHWC))
            # The second part fails too at first: what the first one noted must not count twice.
            if len(images_BIHWC) > 2 or tried == [4, 2, 2]:
                raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, images_BIHWC)

    monkeypatch.setattr(VisionLanguageModel, "encode_patches", limited)
    state = TrainState(micro_batch=64)
    outcome = one(batch, state)
    assert tried == [4, 2, 2, 1, 1, 1, 1], "64 is more than the batch has, so 2 comes next"
    assert state.micro_batch == 1
    assert outcome == reference(batch, TrainState(micro_batch=1))
    assert one.objective.figures() == reference.objective.figures()
    assert int(one.weights()["heads.info_nce.seen"]) == 4
    assert all(torch.equal(tensor, reference.weights()[name]) for name, tensor in one.weights().items())


def test_no_memory_for_one_image_names_its_group(maker: ExampleMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    one = train_step()

    def fails(self: VisionLanguageModel, images_BIHWC: Tensor) -> Any:
        raise torch.OutOfMemoryError("no")

    monkeypatch.setattr(VisionLanguageModel, "encode_patches", fails)
    batch = batch_of(maker, one, "caption", samples_of("caption"))
    with pytest.raises(UserError, match=r"out of memory with 1 x 24 x 24 pixels of group caption_toy_all: lower its h"):
        one(batch, TrainState(micro_batch=4))


@pytest.mark.parametrize(("step", "lm", "contrastive"), [(0, 0.8, 0.2), (20, 0.85, 0.15), (40, 0.9, 0.1)])
def test_captions_weigh_both_losses_by_the_course(
    maker: ExampleMaker, step: int, lm: float, contrastive: float
) -> None:
    one = train_step(steps=41)
    loss, figures = loss_at(one, step, batch_of(maker, one, "caption", samples_of("caption")))
    assert loss == pytest.approx(
        lm * figures["loss_caption_toy_all"] + contrastive * figures["loss_contrastive"], rel=1e-5
    )
    assert LossWeights().at(step / 40) == pytest.approx((lm, contrastive))
    assert 0 <= figures["share_retrieved"] <= 1


@pytest.mark.parametrize("task", ["read", "answer", "recognize"])
def test_what_is_read_or_answered_is_causal_only(maker: ExampleMaker, task: str) -> None:
    one = train_step(recognition=1e-9 if task == "read" else 0.5, alignment=0.0)
    batch = batch_of(maker, one, task, samples_of(task))
    for step in (0, 39):
        loss, figures = loss_at(one, step, batch)
        assert "loss_contrastive" not in figures
        name = {"read": "loss_read_line", "answer": "loss_answer_toy_all", "recognize": "loss_recognizer"}[task]
        assert loss == pytest.approx(figures[name] * (0.5 if task == "recognize" else 1), rel=1e-5)
    assert int(one.weights()["heads.info_nce.seen"]) == 0


def test_a_token_of_the_answer_sees_no_later_one(maker: ExampleMaker) -> None:
    one = train_step()
    model = one.model.eval()
    batch = batch_of(maker, one, "read", samples_of("read"))
    assert batch.ids_BL is not None
    _, tokens_BIQD = model.encode_images(batch.images_BIHWC)
    hidden_BLD = model.hidden(tokens_BIQD, batch.ids_BL)
    later = batch.ids_BL.clone()
    later[:, 9:] = 30
    changed_BLD = model.hidden(tokens_BIQD, later)
    assert hidden_BLD.shape[1] == batch.ids_BL.shape[1] + 1
    assert torch.equal(changed_BLD[:, :10], hidden_BLD[:, :10])
    assert not torch.allclose(changed_BLD[:, 10:], hidden_BLD[:, 10:])


def test_alignment_falls_to_nothing_in_the_middle(maker: ExampleMaker) -> None:
    one = train_step(steps=41, alignment=1.0)
    batch = batch_of(maker, one, "recognize", samples_of("recognize"))
    over = []
    for step in (0, 10, 20, 30):
        loss, figures = loss_at(one, step, batch)
        over.append(loss - 0.5 * figures["loss_recognizer"])
    assert over[1] == pytest.approx(over[0] / 2, rel=1e-4)
    assert over[0] > 1
    assert over[2:] == pytest.approx([0, 0], abs=1e-5)


def test_bf16_is_the_same_but_for_rounding(maker: ExampleMaker) -> None:
    for task in TASKS:
        full, low = train_step(), train_step(dtype=torch.bfloat16)
        batch = batch_of(maker, full, task, samples_of(task))
        expected = full(batch, TrainState(micro_batch=4))
        assert low(batch, TrainState(micro_batch=4)).loss == pytest.approx(expected.loss, rel=2e-2), task


def test_infonce_matches_images_with_captions(maker: ExampleMaker) -> None:
    group = GROUPS["caption"] | {"images": 16}
    fast = {"kind": "adamw", "vision_lr": 3e-3}
    one = train_step(
        groups=[group], text_share=0, recognition=0, alignment=0, queue_size=0, steps=60, lr=3e-3, optimizer=fast
    )
    batch = batch_of(maker, one, "caption", toys())
    figures = []
    for step in range(60):
        one(batch, TrainState(step=step, micro_batch=16))
        figures.append(one.objective.figures())
    assert figures[0]["share_retrieved"] < 0.3
    assert figures[-1]["loss_contrastive"] < math.log(16) / 2
    assert figures[-1]["share_retrieved"] > 0.8, "chance is 1 / 16"
