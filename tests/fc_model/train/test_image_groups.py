"""Batches of a stage with images: pure functions of their number, shares, epochs."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from factories.image_stage import GROUPS, image_stage, line_sample, lines, write_images
from factories.text_stage import write_stage
from factories.vision_model import png
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from fc_model.config.image_stage import ImageGroup, ImageStageConfig
from fc_model.config.stage import StageConfig
from fc_model.data.images.shards import ImageShards, Sample
from fc_model.data.prefetch import Prefetcher
from fc_model.data.token_shards import Shards
from fc_model.data.windows import Batch, TrainBatches
from fc_model.errors import UserError
from fc_model.train.image_groups import ImageBatches, group_buckets, group_schedule
from fc_model.train.settings import read_stage_file
from fc_model.vision.examples import PAD_ID, ExampleMaker, ImageBatch

LINE_SAMPLES, TOYS = 10, 16


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, text: Path, images: Path) -> StageConfig:
    return read_stage_file(write_stage(tmp_path_factory.mktemp("stage"), text, **image_stage(images))).stage


@pytest.fixture(scope="module")
def batches_of(text: Path, images: Path, maker: ExampleMaker, stage: StageConfig) -> Callable[..., ImageBatches]:
    """Batches of the stage with some of its fields changed."""

    def made(**changes: Any) -> ImageBatches:
        changed = stage.model_copy(update=changes)
        return ImageBatches(images, TrainBatches(Shards(text), changed), changed, maker)

    return made


@pytest.fixture(scope="module")
def batches(batches_of: Callable[..., ImageBatches]) -> ImageBatches:
    return batches_of()


def tensors_of(batch: Batch | ImageBatch) -> dict[str, torch.Tensor]:
    return {name: value for name, value in vars(batch).items() if isinstance(value, torch.Tensor)}


def test_a_batch_is_a_function_of_its_number(batches_of: Callable[..., ImageBatches]) -> None:
    numbers = list(range(14))

    def summary(numbers: list[int], **changes: Any) -> list[str]:
        batches = batches_of(**changes)
        tensors = [{name: tensor.tolist() for name, tensor in tensors_of(batches(n)).items()} for n in numbers]
        return [repr([batches.window_ids(number), part]) for number, part in zip(numbers, tensors, strict=True)]

    here = summary(numbers)
    assert summary(numbers[::-1])[::-1] == here, "whatever was asked for before"
    assert len(set(here)) == len(here)
    assert summary(numbers, seed=8) != here


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_equal_at_any_number_of_workers(batches: ImageBatches, workers: int) -> None:
    numbers = [0, 1, 2, 3, 4, 9, 10, 5, 6, 13]
    assert {type(batches(number)) for number in numbers} == {Batch, ImageBatch}
    ahead = Prefetcher(batches, workers=workers)
    for number in numbers:
        batch, wanted = ahead(number), batches(number)
        assert type(batch) is type(wanted) and tensors_of(batch).keys() == tensors_of(wanted).keys()
        for name, tensor in tensors_of(wanted).items():
            other = tensors_of(batch)[name]
            assert other.dtype == tensor.dtype and other.numpy().tobytes() == tensor.numpy().tobytes()
    ahead.close()


def test_each_group_gets_its_share_and_its_images(images: Path, batches: ImageBatches) -> None:
    names = ["text" if isinstance(batch, Batch) else [*GROUPS][batch.group] for batch in map(batches, range(35))]
    assert Counter(names) == {"recognize": 10, "read": 10, "caption": 5, "answer": 5, "text": 5}
    shards = ImageShards(images, "train")
    for number, name in enumerate(names[:14]):
        if name != "text":
            kinds = {shards.sample(sample).record.kind.split("/")[0] for sample in batches.window_ids(number)}
            assert kinds == {"line" if name in ("recognize", "read") else "toy"}


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=8), st.integers(1, 120), st.booleans())
@example([45, 8, 3, 1, 1, 30], 60, False)  # taking what lags the most leaves one 1.07 behind
def test_every_prefix_has_the_shares_to_within_one(shares: list[float], steps: int, text: bool) -> None:
    groups = [GROUPS["caption"] | {"kinds": [f"kind{number}"], "share": share} for number, share in enumerate(shares)]
    config = ImageStageConfig.model_validate({"groups": groups, "text_share": 0.3 if text else 0})
    order = group_schedule(config, steps)
    steps_NG = np.cumsum(np.eye(len(shares) + 1)[order], axis=0)
    due_NG = np.outer(np.arange(1, steps + 1), config.shares)
    assert np.abs(steps_NG - due_NG).max() < 1
    if not text:
        assert steps_NG[-1, -1] == 0


def test_text_windows_go_on_from_the_first_batch(
    text: Path, stage: StageConfig, batches_of: Callable[..., ImageBatches]
) -> None:
    windows = {}
    for first_batch in (0, 3):
        packed = TrainBatches(Shards(text), stage.model_copy(update={"first_batch": first_batch}))
        batches = batches_of(first_batch=first_batch)
        steps = [step for step in range(28) if isinstance(batches(step), Batch)]
        assert len(steps) == 4
        windows[first_batch] = [batches.window_ids(step) for step in steps]
        assert windows[first_batch] == [packed.window_ids(turn) for turn in range(4)]
        for turn, step in enumerate(steps):
            assert torch.equal(tensors_of(batches(step))["ids_BT"], packed(turn).ids_BT)
    assert windows[0][3] == windows[3][0]


def test_every_sample_once_before_any_twice_in_a_new_order_each_time(batches: ImageBatches) -> None:
    orders: dict[int, list[int]] = {group: [] for group in range(len(GROUPS))}
    for step in range(140):  # beyond the last one too, where skips lead
        group = int(batches._turns(step)[0])
        if group < len(GROUPS):
            orders[group] += batches.window_ids(step)
    for group, size in enumerate((LINE_SAMPLES, LINE_SAMPLES, TOYS, TOYS)):
        rounds = [orders[group][start : start + size] for start in range(0, len(orders[group]) - size + 1, size)]
        assert len(rounds) > 3
        assert all(len(set(numbers)) == size for numbers in rounds)
        assert len({tuple(numbers) for numbers in rounds}) == len(rounds)
    assert orders[0] != orders[1], "groups of equal kinds are drawn apart"


def test_skips_lead_beyond_the_last_turn_without_repeating_one(batches_of: Callable[..., ImageBatches]) -> None:
    places = [batches_of(steps=13)._turns(number) for number in range(40)]
    assert len(set(places)) == 40
    for group in range(len(GROUPS) + 1):
        assert [turn for number, turn in places if number == group] == list(range(sum(g == group for g, _ in places)))


def test_questions_and_changes_are_drawn_anew(batches: ImageBatches) -> None:
    """The same sample comes with another question and another slant in a later epoch."""
    seen: dict[tuple[int, int], set[bytes]] = {}
    for step in range(120):
        batch = batches(step)
        if isinstance(batch, Batch):
            continue
        shown = batch.images_BIHWC if batch.group == 1 else batch.ids_BL if batch.group == 3 else None
        for row, sample in enumerate(batches.window_ids(step) if shown is not None else []):
            assert shown is not None
            content = shown[row] if batch.group == 1 else shown[row][shown[row] != PAD_ID]
            seen.setdefault((batch.group, sample), set()).add(content.numpy().tobytes())
    assert all(len(variants) > 3 for (group, _), variants in seen.items() if group == 1)
    asked = [len(variants) for (group, _), variants in seen.items() if group == 3]
    assert max(asked) == 2
    assert sum(asked) > 1.5 * TOYS


def test_samples_with_several_images_or_without_what_the_task_needs_are_left_out(images: Path, tmp_path: Path) -> None:
    line = ImageGroup.model_validate(GROUPS["read"])
    [[lines_alone]] = group_buckets(ImageShards(images, "train"), [line], patch=16)
    assert len(lines_alone.samples) == LINE_SAMPLES, "the sample of two images is none of them"
    silent = write_images(tmp_path, {"train": lines(4)})
    captions = ImageGroup.model_validate(GROUPS["caption"] | {"kinds": ["line"]})
    with pytest.raises(UserError, match=r"no sample of split train is for group caption_line \(kinds line\): add such"):
        group_buckets(ImageShards(silent, "train"), [captions], patch=16)


def test_numbers_of_a_batch_that_spans_epochs(images: Path) -> None:
    groups = [ImageGroup.model_validate(GROUPS["read"])]
    [[samples]] = group_buckets(ImageShards(images, "train"), groups, patch=16)
    chance = random.Random(0)
    whole = samples.numbers(0, 50, seed=3)
    for _ in range(20):
        first = chance.randrange(40)
        count = chance.randrange(1, 10)
        assert samples.numbers(first, count, seed=3).tolist() == whole[first : first + count].tolist()


def test_buckets_have_all_samples_at_the_widths_that_they_need(tmp_path: Path, maker: ExampleMaker) -> None:
    """Lines of 10, 30, 31 and 64 pixels in patches of 8, stored at half the height of their group."""
    widths = [10, 31, 64, 30, 10, 10]
    drawn = [line_sample(number, "cat") for number in range(len(widths))]
    cut = [
        Sample(
            record=replace(sample.record, width=width, height=16, words=[]),
            images=[png(Image.new("RGB", (width, 16), "white"))],
        )
        for sample, width in zip(drawn, widths, strict=True)
    ]
    shards = ImageShards(write_images(tmp_path, {"train": cut}))
    group = ImageGroup.model_validate(GROUPS["read"] | {"bucket_widths": True, "augment": 0})
    [buckets] = group_buckets(shards, [group], patch=8)
    assert [(bucket.group.width, bucket.samples.tolist()) for bucket in buckets] == [
        (16, [0, 4, 5]), (32, [1, 3]), (64, [2]),
    ]  # fmt: skip
    for bucket in buckets:
        samples = [shards.sample(number) for number in bucket.samples.tolist()]
        batch = maker.batch(bucket.group, 0, samples, [random.Random(0) for _ in samples])
        assert batch.images_BIHWC.shape[3] == bucket.group.width
        assert batch.places_BT is not None and batch.places_BT.shape[1] == bucket.group.width // 8 * 4
    [[whole]] = group_buckets(shards, [group.model_copy(update={"bucket_widths": False})], patch=8)
    assert whole.group.width == 64 and len(whole.samples) == len(widths)


def test_buckets_come_in_proportion_and_are_counted_as_they_are(
    tmp_path: Path, text: Path, stage: StageConfig, maker: ExampleMaker
) -> None:
    widths = [10] * 6 + [60] * 3
    cut = []
    for number, width in enumerate(widths):
        record = replace(line_sample(number, "cat").record, width=width, height=16, words=[])
        cut.append(Sample(record=record, images=[png(Image.new("RGB", (width, 16), "white"))]))
    group = GROUPS["read"] | {"bucket_widths": True, "images": 3}
    images = ImageStageConfig.model_validate({"groups": [group], "text_share": 0.5, "recognition": 1})
    changed = stage.model_copy(update={"images": images, "steps": 45})
    windows = TrainBatches(Shards(text), changed)
    batches = ImageBatches(write_images(tmp_path, {"train": cut}), windows, changed, maker)
    drawn: Counter[int] = Counter()
    counts: Counter[int] = Counter()
    for step in range(45):
        batch = batches(step)
        if isinstance(batch, ImageBatch):
            counts[batch.images_BIHWC.shape[3]] += 1
            drawn.update(batches.window_ids(step))
    assert counts == {16: 24, 64: 12}
    assert set(drawn.values()) == {12}, "each sample as often as any other"
    sized = batches.sized().images
    assert sized is not None
    assert [(group.width, round(group.share, 6)) for group in sized.groups] == [(16, 1.333333), (64, 0.666667)]
    assert sum(sized.shares) == pytest.approx(1)
    assert sized.shares[-1] == pytest.approx(images.shares[-1])
