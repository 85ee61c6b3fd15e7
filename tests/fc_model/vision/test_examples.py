"""From samples to batches: what is masked, what is predicted, what is cut, where characters stand."""

import io
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from factories.image_stage import GROUPS, VISION, line_sample, png, toy_sample
from factories.vision_model import write_tokenizer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from fc_model.config.image_stage import ImageGroup, VisionConfig
from fc_model.data.images.record import ImageRecord, Question, Word
from fc_model.data.images.shards import Sample
from fc_model.model.loss import IGNORE
from fc_model.special_tokens import SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer
from fc_model.vision.ctc_head import classes_of, text_of
from fc_model.vision.examples import BOS_ID, EOS_ID, PAD_ID, ExampleMaker, ImageBatch
from fc_model.vision.prompts import DESCRIBE, READ, question_prompt


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tokenizer]:
    yield Tokenizer(write_tokenizer(tmp_path_factory.mktemp("tokenizer")))


def maker_of(tokenizer: Tokenizer, **vision: Any) -> ExampleMaker:
    return ExampleMaker(tokenizer, VisionConfig.model_validate(VISION | vision))


def group_of(task: str, **changes: Any) -> ImageGroup:
    return ImageGroup.model_validate(GROUPS[task] | {"augment": 0.0} | changes)


def batch_of(tokenizer: Tokenizer, task: str, samples: list[Sample], **changes: Any) -> ImageBatch:
    rngs = [random.Random(number) for number in range(len(samples))]
    return maker_of(tokenizer).batch(group_of(task, **changes), 1, samples, rngs)


@pytest.mark.parametrize("task", ["read", "caption", "answer"])
def test_the_prompt_is_masked_and_the_answer_ends_with_eos(tokenizer: Tokenizer, task: str) -> None:
    sample = toy_sample(0, "box", "red") if task != "read" else line_sample(0, "cat dog")
    batch = batch_of(tokenizer, task, [sample])
    record = sample.record
    prompts = {
        "read": {(READ, "cat dog")},
        "caption": {(DESCRIBE, "a red box")},
        "answer": {(question_prompt(each.question), each.answers[0]) for each in record.questions},
    }[task]
    ids, targets = batch.ids_BL[0].tolist(), batch.targets_BL[0].tolist()
    text = tokenizer.decode([token for token in ids if token != PAD_ID])
    prompt, answer = next(pair for pair in prompts if "".join(pair) == text)
    masked = len(tokenizer.encode(prompt))
    assert targets[:masked] == [IGNORE] * masked
    predicted = [token for token in targets[masked:] if token != IGNORE]
    assert tokenizer.decode(predicted) == answer
    assert predicted[-1] == EOS_ID
    assert targets[masked : masked + len(predicted)] == predicted, "nothing is left out between"
    # Each state predicts the token behind it: target l is what stands at place l of the text.
    assert targets[masked : masked + len(predicted) - 1] == ids[masked : masked + len(predicted) - 1]
    assert len(targets) == len(ids) + 1
    assert batch.num_targets() == len(predicted)


@pytest.mark.parametrize(("length", "ends"), [(7, False), (12, False), (13, True), (30, True)])
def test_what_is_too_long_is_cut_without_an_end(tokenizer: Tokenizer, length: int, ends: bool) -> None:
    """Prompt and answer are 13 tokens; then the state behind the last of them has room for EOS."""
    prompt, answer = tokenizer.encode(READ), maker_of(tokenizer).transcript("cat dog")
    pad = 13 - len(prompt) - len(answer)
    assert pad >= 0
    batch = batch_of(tokenizer, "read", [line_sample(0, "cat dog" + "!" * pad)], text_tokens=length)
    assert bool((batch.targets_BL == EOS_ID).any()) is ends
    whole = batch_of(tokenizer, "read", [line_sample(0, "cat dog" + "!" * pad)], text_tokens=40)
    assert batch.targets_BL[0].tolist() == whole.targets_BL[0, : length + 1].tolist()


def test_a_prompt_that_fills_everything_predicts_nothing(tokenizer: Tokenizer) -> None:
    question = Question(question="Which of all of these colours?" * 3, answers=["red"], kind="extractive")
    sample = toy_sample(0, "box", "red")
    asked = Sample(record=replace(sample.record, questions=[question]), images=sample.images)
    batch = batch_of(tokenizer, "answer", [asked, sample], text_tokens=12)
    assert (batch.targets_BL[0] == IGNORE).all()


def test_captions_begin_with_bos_and_are_told_apart(tokenizer: Tokenizer) -> None:
    samples = [toy_sample(0, "box", "red"), toy_sample(1, "disc", "blue"), toy_sample(2, "box", "red")]
    batch = batch_of(tokenizer, "caption", samples)
    for row, sample in enumerate(samples):
        ids = batch.captions_BL[row, : int(batch.caption_lengths_B[row])].tolist()
        assert ids[0] == BOS_ID
        assert tokenizer.decode(ids[1:]) == sample.record.caption
    assert len(set(batch.caption_ids_B.tolist())) == 2
    assert batch.classes_BS is None


@given(st.text(max_size=40))
def test_transcripts_of_pieces_and_of_characters_are_the_same_text(tokenizer: Tokenizer, text: str) -> None:
    pieces = maker_of(tokenizer, transcripts="pieces").transcript(text)
    characters = maker_of(tokenizer).transcript(text)
    assert tokenizer.decode_bytes(pieces) == tokenizer.decode_bytes(characters) == text.encode("utf-8", "surrogatepass")
    assert len(characters) >= len(pieces)
    assert not set(pieces + characters) & set(range(len(SPECIAL_TOKENS)))


def test_a_character_is_one_token_whatever_stands_beside_it(tokenizer: Tokenizer) -> None:
    maker = maker_of(tokenizer)
    text = "a big owl x = 3\nHi!"
    assert len(maker.transcript(text)) == len(text)
    assert maker.transcript(text) == [token for character in text for token in maker.transcript(character)]
    assert len(maker_of(tokenizer, transcripts="pieces").transcript(text)) < len(text)


@pytest.mark.parametrize("text", ["<image>", "</s>", "a </image> <s> <pad>", "<unk></s>"])
@pytest.mark.parametrize("transcripts", ["pieces", "characters"])
def test_special_tokens_that_are_drawn_in_an_image_are_plain_text(
    tokenizer: Tokenizer, text: str, transcripts: str
) -> None:
    maker = maker_of(tokenizer, transcripts=transcripts)
    questions = [Question(question=text, answers=[text], kind="extractive")]
    record = replace(line_sample(0, "cat").record, text=text, caption=text, questions=questions)
    for task in ("read", "caption", "answer"):
        prompt, answer = maker.prompt_and_answer(task, record, random.Random(0))  # type: ignore[arg-type]
        assert not set(prompt + answer) & set(range(len(SPECIAL_TOKENS))), task
        assert tokenizer.decode(answer) == text
    samples = [Sample(record=record, images=line_sample(0, "cat").images)]
    batch = maker.batch(group_of("read", text_tokens=60), 0, samples, [random.Random(0)])
    assert int((batch.targets_BL == EOS_ID).sum()) == 1, "the end, and no other"


def test_classes_of_lines_and_their_lengths(tokenizer: Tokenizer) -> None:
    samples = [line_sample(0, "cat"), line_sample(1, "Größe A7"), line_sample(2, "日本")]
    for task in ("recognize", "read"):
        batch = batch_of(tokenizer, task, samples)
        read = [
            text_of(row[:length])
            for row, length in zip(batch.classes_BS.tolist(), batch.class_lengths_B.tolist(), strict=True)
        ]
        assert read == ["cat", "Gre A7", ""]
    assert batch_of(tokenizer, "recognize", samples).ids_BL is None


def test_pages_and_models_without_a_recognizer_give_no_classes(tokenizer: Tokenizer) -> None:
    page = batch_of(tokenizer, "read", [line_sample(0, "cat")], height=32)
    assert page.classes_BS is None
    assert page.ids_BL is not None
    bare = maker_of(tokenizer, ctc_head=None).batch(group_of("read"), 0, [line_sample(0, "cat")], [random.Random(0)])
    assert bare.classes_BS is None


def sample_of(image: Image.Image, word: Word) -> Sample:
    width, height = image.size
    record = replace(line_sample(0, "").record, width=width, height=height, text=word.text, words=[word])
    return Sample(record=record, images=[png(image)])


@pytest.mark.parametrize(("width", "height"), [(64, 32), (128, 64), (60, 30), (128, 16), (24, 12), (20, 8)])
def test_places_are_where_the_ink_is(tokenizer: Tokenizer, width: int, height: int) -> None:
    """A black word on white: frames with ink are its own, at whatever size the image is stored.

    The last two are so small that the limit of enlargement leaves them smaller than their group.
    """
    left, right = width // 4, width // 2
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).rectangle((left, 1, right - 1, height - 2), fill="black")
    maker = maker_of(tokenizer, ctc_head={"rows": 4, "frames": 4})
    sample = sample_of(image, Word("M", (left, 1, right, height - 1), 0))
    batch = maker.batch(group_of("recognize", height=32), 0, [sample], [random.Random(0)])
    darkness_W = 255 - batch.images_BIHWC[0, 0].float().mean(dim=-1).amin(dim=0)
    ink_T = darkness_W.view(32, 2).mean(dim=-1) > 127
    places_T = batch.places_BT[0] == classes_of("M")[0]
    assert int(places_T.sum()) > 1
    # A frame that the edge of the ink cuts in half may count either way.
    assert int((ink_T != places_T).sum()) <= 1


@pytest.mark.parametrize("width", [128, 160])
@pytest.mark.parametrize("seed", range(8))
def test_places_follow_the_changes_of_training(tokenizer: Tokenizer, seed: int, width: int) -> None:
    """Two characters of a word far to the right, black paper and grey, slanted, made narrower and shifted."""
    image = Image.new("RGB", (128, 32), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((80, 0, 94, 31), fill="black")
    draw.rectangle((95, 0, 119, 31), fill=(96, 96, 96))
    maker = maker_of(tokenizer, ctc_head={"rows": 4, "frames": 4})
    sample = sample_of(image, Word("iM", (80, 0, 120, 32), 0, (80, 95)))
    group = group_of("recognize", height=32, width=width, augment=1.0)
    batch = maker.batch(group, 0, [sample], [random.Random(seed)], training=True)
    level_T = batch.images_BIHWC[0, 0, 15:17].float().mean(dim=(0, 2)).view(width // 2, 2).mean(dim=-1)
    paper_T = (level_T - level_T.min()) / (level_T.max() - level_T.min())
    shown_T = [" " if share > 0.7 else "i" if share < 0.12 else "M" for share in paper_T.tolist()]
    named_T = text_of(batch.places_BT[0].tolist())
    # A frame at each of the three edges may count either way.
    assert sum(shown != named for shown, named in zip(shown_T, named_T, strict=True)) <= 3


@pytest.mark.parametrize("size", [(1, 1), (16, 6), (30_000, 2)])
def test_what_the_caps_of_a_source_let_in_is_trained_on(tokenizer: Tokenizer, size: tuple[int, int]) -> None:
    record = ImageRecord(
        id="x/1", source="x", kind="emoji", family="natural", licence="CC0-1.0", width=size[0], height=size[1],
        caption="a dot",
    )  # fmt: skip
    sample = Sample(record=record, images=[png(Image.new("RGB", size))])
    group = group_of("caption", augment=1.0)
    batch = maker_of(tokenizer).batch(group, 0, [sample], [random.Random(0)], training=True)
    assert batch.images_BIHWC.shape[2:] == (group.height, group.width, 3)


def test_pixels_are_padded_with_white_and_changed_in_training_only(tokenizer: Tokenizer) -> None:
    maker, sample = maker_of(tokenizer), line_sample(0, "cat dog")
    group = group_of("read", width=80, augment=1.0)
    plain = maker.batch(group, 0, [sample], [random.Random(1)])
    assert plain.images_BIHWC.shape == (1, 1, 16, 80, 3)
    assert plain.images_BIHWC.dtype == torch.uint8
    drawn = np.asarray(Image.open(io.BytesIO(sample.images[0])))
    assert (plain.images_BIHWC[0, 0, :, :64].numpy() == drawn).all()
    assert (plain.images_BIHWC[0, 0, :, 64:] == 255).all()
    changed = [maker.batch(group, 0, [sample], [random.Random(seed)], training=True).images_BIHWC for seed in (1, 1, 2)]
    assert torch.equal(changed[0], changed[1])
    assert not torch.equal(changed[0], changed[2])
    assert not torch.equal(changed[0], plain.images_BIHWC)


def test_rows_and_length_of_a_batch(tokenizer: Tokenizer) -> None:
    batch = batch_of(tokenizer, "read", [line_sample(number, text) for number, text in enumerate(("cat", "A7", "owl"))])
    part = batch.rows(1, 9)
    assert (len(batch), len(part), part.group) == (3, 2, 1)
    for name, value in vars(part).items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, getattr(batch, name)[1:]), name
    assert batch.num_targets() == part.num_targets() + batch.rows(0, 1).num_targets()
