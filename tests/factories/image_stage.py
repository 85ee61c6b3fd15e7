"""Small real shards of images and text, and the settings of a stage that trains on both."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from factories import text_stage
from factories.token_shards import write_token_shards
from factories.vision_model import VOCAB_SIZE, png, write_tokenizer
from fc_model.artifacts import Recipe, Store
from fc_model.config.image_stage import VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_model.data.images.record import ImageRecord, Line, Question, Word
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.data.images.shards import Sample
from fc_model.seed import seed_torch
from fc_model.tokenizer import Tokenizer
from fc_model.vision.vlm import VisionLanguageModel

Split = Literal["train", "holdout"]
FONT = ImageFont.load_default(size=12)
SHAPES, COLOURS = ("disc", "box", "bar", "ring"), ("red", "blue", "lime", "black")
WORDS = ("cat", "dog", "owl", "Hi!", "two", "x=3", "sun", "A7")

MODEL: dict[str, Any] = {"vocab_size": VOCAB_SIZE, "context_length": 96, "dropout": 0.1}
VISION: dict[str, Any] = {
    "encoder": {
        "image_size": 32, "patch_size": 8, "hidden_size": 32, "num_layers": 2, "num_heads": 2,
        "intermediate_size": 64, "interpolation": "bilinear", "position_init": "sincos",
    },
    "fusion": {"kind": "mlp"},
    "ctc_head": {"rows": 2, "frames": 4},
    "transcripts": "characters",
    "feature_width": 16,
}  # fmt: skip
_LINE: dict[str, Any] = {"kinds": ["line"], "height": 16, "width": 64, "text_tokens": 24, "images": 4, "share": 2.0}
_TOY: dict[str, Any] = {"kinds": ["toy/*"], "height": 24, "width": 24, "text_tokens": 32, "images": 4, "share": 1.0}
GROUPS: dict[str, dict[str, Any]] = {
    "recognize": _LINE | {"task": "recognize"},
    "read": _LINE | {"task": "read", "augment": 0.5},
    "caption": _TOY | {"task": "caption"},
    "answer": _TOY | {"task": "answer"},
}
IMAGES: dict[str, Any] = {
    "groups": list(GROUPS.values()), "text_share": 1.0, "recognition": 0.5, "alignment": 0.5, "queue_size": 10
}  # fmt: skip
STAGE: dict[str, Any] = {"kind": "multimodal", "images": IMAGES}


def line_sample(number: int, text: str, *, split: Split = "train") -> Sample:
    """A line of 64 x 16 pixels, drawn word by word, with the box of each word's ink."""
    image = Image.new("RGB", (64, 16), "white")
    draw, words, left = ImageDraw.Draw(image), [], 1.0
    for word in text.split():
        draw.text((left, 1), word, fill="black", font=FONT)
        x0, y0, x1, y1 = FONT.getbbox(word)
        words.append(Word(word, (int(left + x0), int(1 + y0), int(left + x1), int(1 + y1)), 0))
        left += FONT.getlength(word + " ")
    record = ImageRecord(
        id=f"lines/{split}/{number}", source="lines", kind="line", family="text", licence="CC0-1.0",
        width=64, height=16, split=split, text=text, words=words, lines=[Line(text, (0, 0, 64, 16))],
    )  # fmt: skip
    return Sample(record=record, images=[png(image)])


def toy_sample(number: int, shape: str, colour: str, *, split: Split = "train") -> Sample:
    """A coloured shape of 24 x 24 pixels, with its caption and two questions."""
    image = Image.new("RGB", (24, 24), "white")
    draw = ImageDraw.Draw(image)
    if shape == "bar":
        draw.rectangle((2, 9, 21, 14), fill=colour)
    elif shape == "box":
        draw.rectangle((4, 4, 19, 19), fill=colour)
    else:
        draw.ellipse((3, 3, 20, 20), fill=colour if shape == "disc" else None, outline=colour, width=3)
    record = ImageRecord(
        id=f"toys/{split}/{number}", source="toys", kind=f"toy/{shape}", family="natural", licence="CC0-1.0",
        width=24, height=24, split=split, caption=f"a {colour} {shape}",
        questions=[
            Question(question="Which colour?", answers=[colour], kind="extractive"),
            Question(question="Which shape?", answers=[shape], kind="extractive"),
        ],
    )  # fmt: skip
    return Sample(record=record, images=[png(image)])


def toys(split: Split = "train") -> list[Sample]:
    """One of each of the 16 pairs of shape and colour."""
    pairs = [(shape, colour) for shape in SHAPES for colour in COLOURS]
    return [toy_sample(number, *pair, split=split) for number, pair in enumerate(pairs)]


def lines(count: int, *, split: Split = "train") -> list[Sample]:
    """Lines of two words."""
    chance = random.Random(split)
    return [line_sample(number, " ".join(chance.sample(WORDS, 2)), split=split) for number in range(count)]


def write_images(root: Path, splits: dict[str, list[Sample]] | None = None) -> Path:
    """Image shards; by default 10 lines, 16 toys and a sample of two images to train on, and 5 and 16 held out."""
    if splits is None:
        first, second = lines(2)
        pair = replace(first.record, id="lines/pair", images=["0.png", "1.png"])
        both = Sample(record=pair, images=[*first.images, *second.images])
        splits = {"train": [*lines(10), both, *toys()], "holdout": [*lines(5, split="holdout"), *toys("holdout")]}
    store, recipe = Store(root), Recipe(config={}, code={"version": "1", "parts": {}}, inputs={})
    with store.write("test/images", recipe) as out:
        writers = [ImageShardWriter(out, split=split, max_bytes=10_000) for split in splits]
        for writer in writers:
            for sample in splits[writer.split]:
                writer.add(sample.record, sample.images)
        write_index(out, writers)
    artifact = store.find("test/images", recipe.identity("test/images"))
    assert artifact is not None
    return artifact.folder


def write_text(folder: Path) -> Path:
    """Packed text of short made-up sentences, with its tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(write_tokenizer(folder))
    chance = random.Random(0)

    def sentence() -> str:
        return f"a {chance.choice(COLOURS)} {chance.choice(SHAPES)} is {' '.join(chance.sample(WORDS, 3))}."

    splits = {
        split: [np.array(tokenizer.encode(sentence())) for _ in range(documents)]
        for split, documents in (("train", 120), ("holdout-words", 10))
    }
    return write_token_shards(folder, splits, tokenizer.token_bytes, tokenizer=tokenizer.fingerprint)


def image_stage(images: Path, *, tasks: tuple[str, ...] = tuple(GROUPS), **changes: Any) -> dict[str, Any]:
    """Arguments for `text_stage.write_stage`; `images_of_stage=`, `stage=`, `model=`, `vision=` change fields."""
    of_stage = IMAGES | {"groups": [GROUPS[task] for task in tasks]} | changes.pop("images_of_stage", {})
    return {
        "stage": STAGE | {"images": of_stage} | changes.pop("stage", {}),
        "model": MODEL | changes.pop("model", {}),
        "vision": VISION | changes.pop("vision", {}),
        "images": str(images),
        **changes,
    }


def stage_config(tasks: tuple[str, ...] = tuple(GROUPS), **changes: Any) -> StageConfig:
    """The same as a configuration; the changes are those of the stage and of its images."""
    of_stage = {name: changes.pop(name) for name in ("steps", "lr", "optimizer", "seq_len") if name in changes}
    images = IMAGES | {"groups": [GROUPS[task] for task in tasks]} | changes
    return StageConfig.model_validate(text_stage.STAGE | STAGE | {"images": images} | of_stage)


def vision_model(stage: StageConfig, *, dropout: float = 0.1) -> VisionLanguageModel:
    """The model of such a stage, with weights whose outputs differ from the start."""
    seed_torch(0, "weights")
    config = text_stage.MODEL | MODEL | {"dropout": dropout, "zero_init_outputs": False, "embedding_init_std": 0.5}
    vision = VisionConfig.model_validate(VISION)
    return VisionLanguageModel(ModelConfig.model_validate(config), vision, training_heads=stage.images)
