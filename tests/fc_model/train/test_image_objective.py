"""Losses of a stage with images: micro-batches, memory that runs out, weights of the losses, InfoNCE, overfitting."""

import math
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from factories.image_stage import GROUPS, IMAGES, MODEL, STAGE, VISION, line_sample, toys, write_text
from factories.text_stage import MODEL as DECODER
from factories.text_stage import STAGE as RECIPE
from torch import Tensor

from fc_model.config.image_stage import LossWeights, VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_model.data.images.shards import Sample
from fc_model.data.token_shards import Shards
from fc_model.data.windows import Batch, TrainBatches
from fc_model.errors import UserError
from fc_model.seed import seed_torch
from fc_model.tokenizer import Tokenizer
from fc_model.train.image_objective import ImageObjective
from fc_model.train.state import TrainState
from fc_model.train.train_step import TrainStep
from fc_model.vision.examples import ExampleMaker, ImageBatch
from fc_model.vision.vlm import VisionLanguageModel

CPU = torch.device("cpu")
TASKS = [*GROUPS]
LINES = ["cat dog", "owl A7", "x=3 Hi!", "two sun", "dog two", "Hi! owl", "sun cat", "A7 x=3"]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return write_text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def maker(text: Path) -> ExampleMaker:
    return ExampleMaker(Tokenizer(text / "tokenizer.model"), VisionConfig.model_validate(VISION))


def stage_of(**images: Any) -> StageConfig:
    rest = {name: images.pop(name) for name in ("steps", "lr", "optimizer", "seq_len") if name in images}
    return StageConfig.model_validate(RECIPE | STAGE | {"images": IMAGES | images} | rest)


def train_step(*, dropout: float = 0.0, dtype: torch.dtype | None = None, **images: Any) -> TrainStep:
    seed_torch(0, "weights")
    stage = stage_of(**images)
    model_config = ModelConfig.model_validate(
        DECODER | MODEL | {"dropout": dropout, "zero_init_outputs": False, "embedding_init_std": 0.5}
    )
    model = VisionLanguageModel(model_config, VisionConfig.model_validate(VISION), training_heads=stage.images)
    return TrainStep(ImageObjective(model, stage), stage, device=CPU, dtype=dtype)


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


def gradients(one: TrainStep) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in one.model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("micro_batch", [1, 3])
@pytest.mark.parametrize("task", TASKS)
def test_parts_of_a_batch_add_up_to_the_whole(maker: ExampleMaker, task: str, micro_batch: int) -> None:
    """InfoNCE apart, whose negatives are those of a part: its weight is 0 here."""
    found = []
    for size in (4, micro_batch):
        one = train_step(losses={"lm": [0.8, 0.9], "contrastive": [0.0, 0.0]})
        batch = batch_of(maker, one, task, samples_of(task))
        loss = one._forward_backward(batch, TrainState(step=3, micro_batch=size), Tensor.backward)
        one.objective.end_step()
        found.append((loss, one.objective.figures(), gradients(one)))
    (loss, figures, whole), (loss_of_parts, figures_of_parts, parts) = found
    assert loss_of_parts == pytest.approx(loss, rel=1e-5)
    assert figures_of_parts == pytest.approx(figures, rel=1e-5)
    assert set(figures) >= {"recognize": {"loss_recognizer"}}.get(
        task, {f"loss_{task}_{GROUPS[task]['kinds'][0].replace('/*', '_all')}"}
    )
    assert whole.keys() == parts.keys()
    for name, gradient in whole.items():
        assert torch.allclose(parts[name], gradient, rtol=1e-3, atol=1e-6), name


def test_text_is_the_decoder_alone(text: Path) -> None:
    for micro_batch in (4, 1):
        one = train_step(dropout=0.0)
        batch = TrainBatches(Shards(text), one.stage)(0)
        loss = one._forward_backward(batch, TrainState(micro_batch=micro_batch), Tensor.backward)
        one.objective.end_step()
        model = one.model
        assert isinstance(model, VisionLanguageModel)
        expected = float(model.decoder.loss(batch.ids_BT, batch.targets_BT, batch.document_BT).detach())
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
    real = VisionLanguageModel.encode_images

    def limited(self: VisionLanguageModel, images_BIHWC: Tensor) -> Any:
        if self is one.model:
            tried.append(len(images_BIHWC))
            # The second part fails too at first: what the first one noted must not count twice.
            if len(images_BIHWC) > 2 or tried == [4, 2, 2]:
                raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, images_BIHWC)

    monkeypatch.setattr(VisionLanguageModel, "encode_images", limited)
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

    monkeypatch.setattr(VisionLanguageModel, "encode_images", fails)
    batch = batch_of(maker, one, "caption", samples_of("caption"))
    with pytest.raises(UserError, match=r"out of memory with 1 x 24 x 24 pixels of group caption_toy_all: lower its h"):
        one(batch, TrainState(micro_batch=4))


@pytest.mark.parametrize(("step", "lm", "contrastive"), [(0, 0.8, 0.2), (20, 0.85, 0.15), (40, 0.9, 0.1)])
def test_captions_weigh_both_losses_by_the_course(
    maker: ExampleMaker, step: int, lm: float, contrastive: float
) -> None:
    one = train_step(steps=41)
    objective = one.objective
    batch = batch_of(maker, one, "caption", samples_of("caption"))
    objective.begin_step(step)
    loss = float(objective.loss(batch, num_targets=objective.num_targets(batch)).detach())
    objective.end_step()
    figures = objective.figures()
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
        one.objective.begin_step(step)
        loss = float(one.objective.loss(batch, num_targets=one.objective.num_targets(batch)).detach())
        one.objective.end_step()
        figures = one.objective.figures()
        assert "loss_contrastive" not in figures
        name = {"read": "loss_read_line", "answer": "loss_answer_toy_all", "recognize": "loss_recognizer"}[task]
        assert loss == pytest.approx(figures[name] * (0.5 if task == "recognize" else 1), rel=1e-5)
    assert int(one.weights()["heads.info_nce.seen"]) == 0


def test_a_token_of_the_answer_sees_no_later_one(maker: ExampleMaker) -> None:
    one = train_step()
    model = one.model.eval()
    assert isinstance(model, VisionLanguageModel)
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
        one.objective.begin_step(step)
        loss = float(one.objective.loss(batch, num_targets=4).detach())
        one.objective.end_step()
        over.append(loss - 0.5 * one.objective.figures()["loss_recognizer"])
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


def test_eight_lines_are_read_by_heart_and_by_the_recognizer(maker: ExampleMaker) -> None:
    group = GROUPS["read"] | {"images": 8, "augment": 0.0, "text_tokens": 16}
    fast = {"kind": "muon", "muon_lr": 0.02, "vision_lr": 3e-3}
    one = train_step(groups=[group], text_share=0, steps=220, lr=3e-3, optimizer=fast, recognition=1.0, alignment=1.0)
    model = one.model
    assert isinstance(model, VisionLanguageModel)
    assert model.heads is not None
    assert model.heads.recognizer is not None
    batch = batch_of(maker, one, "read", [line_sample(number, text) for number, text in enumerate(LINES)])
    ids_BL, targets_BL = batch.ids_BL, batch.targets_BL
    assert ids_BL is not None
    assert targets_BL is not None

    def exact(ids_BL: Tensor, targets_BL: Tensor) -> float:
        model.eval()
        with torch.no_grad():
            logits_BLV = model.hidden(model.encode_images(batch.images_BIHWC)[1], ids_BL) @ model.decoder.head_VD.T
        right_BL = (logits_BLV.argmax(dim=-1) == targets_BL) | (targets_BL < 0)
        return float(right_BL.all(dim=1).float().mean())

    assert exact(ids_BL, targets_BL) == 0
    for step in range(220):
        one(batch, TrainState(step=step, micro_batch=8))
    assert exact(ids_BL, targets_BL) == 1
    assert model.heads.recognizer.read(model.encode_images(batch.images_BIHWC)[0]) == LINES
    # It looks: with the images of others it reads those.
    swapped = ImageBatch(**vars(batch) | {"images_BIHWC": batch.images_BIHWC.flip(0)})
    assert model.heads.recognizer.read(model.encode_images(swapped.images_BIHWC)[0]) == LINES[::-1]


def test_batches_of_text_and_images_are_told_apart(text: Path, maker: ExampleMaker) -> None:
    one = train_step()
    windows = TrainBatches(Shards(text), one.stage)(0)
    assert isinstance(windows, Batch)
    assert one.objective.num_targets(windows) == 128
    assert one.objective.num_targets(batch_of(maker, one, "recognize", samples_of("recognize", 3))) == 3
