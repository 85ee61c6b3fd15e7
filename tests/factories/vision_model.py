"""A tiny model that sees, pictures for it, and folders as a stage with images hands them on."""

import io
import random
import string
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont

from factories.models import tiny_model, tiny_stage
from factories.tokenizers import train_tokenizer
from fc_model.artifacts import ArtifactWriter
from fc_model.checkpoints.run_checkpoints import save_tensors
from fc_model.config.image_stage import ImageStageConfig, VisionConfig
from fc_model.data.images.record import ImageRecord, Question
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.data.images.shards import Sample
from fc_model.tokenizer import Tokenizer
from fc_model.train.build import outputs
from fc_model.train.image_objective import ImageObjective
from fc_model.vision.examples import ExampleMaker
from fc_model.vision.vlm import VisionLanguageModel

VOCAB_SIZE = 400
LINES = ["cat", "dog", "green", "a big owl", "x = 3", "chess", "two", "Hi!"]
COLOURS = ["red", "blue", "black", "lime"]

MODEL = tiny_model(
    vocab_size=VOCAB_SIZE, hidden_size=48, head_dim=12, intermediate_size=96, context_length=96,
    embedding_init_std=0.5, zero_init_outputs=False,
)  # fmt: skip
VISION = VisionConfig.model_validate(
    {
        "encoder": {
            "image_size": 32, "patch_size": 8, "hidden_size": 48, "num_layers": 1, "num_heads": 4,
            "intermediate_size": 96, "interpolation": "bilinear", "position_init": "sincos",
        },
        "fusion": {"kind": "mlp"},
        "ctc_head": {"rows": 2, "frames": 4},
        "transcripts": "characters",
        "feature_width": 16,
    }
)  # fmt: skip
GROUPS: list[dict[str, Any]] = [
    {"kinds": ["line"], "task": "read", "height": 16, "width": 64, "images": 8, "text_tokens": 24, "share": 2},
    {"kinds": ["shape"], "task": "caption", "height": 24, "width": 24, "images": 4, "text_tokens": 24, "share": 1},
    {"kinds": ["chart"], "task": "answer", "height": 24, "width": 24, "images": 4, "text_tokens": 40, "share": 1},
]
IMAGES = ImageStageConfig.model_validate({"groups": GROUPS, "recognition": 0.5, "queue_size": 4})


def write_tokenizer(folder: Path) -> Path:
    """A SentencePiece model with the settings that a track's tokenizer has."""
    text = f"Read: Describe: What colour? a {' '.join(COLOURS)} disc is {' '.join(LINES)} {string.printable[:95]}"
    return train_tokenizer(folder / "tokenizer", [text] * 4, vocab_size=VOCAB_SIZE)


def line_picture(text: str) -> Image.Image:
    """A line in the font that Pillow brings."""
    image = Image.new("RGB", (64, 16), "white")
    ImageDraw.Draw(image).text((1, 1), text, fill="black", font=ImageFont.load_default(size=12))
    return image


def disc_picture(colour: str) -> Image.Image:
    image = Image.new("RGB", (24, 24), "white")
    ImageDraw.Draw(image).ellipse((2, 2, 21, 21), fill=colour)
    return image


def png(image: Image.Image, format_: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_)
    return stream.getvalue()


def write_images(out: ArtifactWriter, split: str = "holdout") -> None:
    """Eight lines in two fonts, four captioned discs, stored as JPEGs, and four questions about discs."""
    writer = ImageShardWriter(out, split=split)
    common: dict[str, Any] = {"source": "made", "licence": "CC0-1.0", "split": split}
    for number, text in enumerate(LINES):
        meta = {"fonts": [f"face{number % 2}"], "layout": "plain"}
        record = ImageRecord(
            id=f"made/line{number}", kind="line", family="text", width=64, height=16, text=text, meta=meta, **common
        )
        writer.add(record, [png(line_picture(text))])
    for number, colour in enumerate(COLOURS):
        size: dict[str, Any] = {"family": "natural", "width": 24, "height": 24}
        shape = ImageRecord(
            id=f"made/shape{number}", kind="shape", images=["jpg"], caption=f"a {colour} disc", **size, **common
        )
        writer.add(shape, [png(disc_picture(colour), "JPEG")])
        question = Question(question="What colour?", answers=[colour, colour.upper()], kind="extractive")
        chart = ImageRecord(
            id=f"made/chart{number}", kind="chart", questions=[question], **size, **common,
            meta={"votes": {"What colour?": [colour] * 3 + ["none"]}},
        )  # fmt: skip
        writer.add(chart, [png(disc_picture(colour))])
    write_index(out, [writer])


def build_model(*, seed: int = 0, **changes: Any) -> VisionLanguageModel:
    torch.manual_seed(seed)
    return VisionLanguageModel(MODEL.model_copy(update=changes), VISION, training_heads=IMAGES).eval()


def overfit(
    model: VisionLanguageModel,
    samples: list[Sample],
    tokenizer: Tokenizer,
    *,
    steps: int,
    images: ImageStageConfig = IMAGES,
) -> None:
    """Train on every group's samples with the objective of a stage."""
    changes = {"kind": "multimodal", "steps": max(steps, 1), "batch_tokens": 64, "images": images}
    stage = tiny_stage(**changes)
    maker, objective = ExampleMaker(tokenizer, model.vision), ImageObjective(model, stage)
    batches = []
    for number, group in enumerate(images.groups):
        mine = [sample for sample in samples if group.takes(sample.record.kind)]
        batches.append(maker.batch(group, number, mine, [random.Random(0) for _ in mine]))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for step in range(steps):
        objective.begin_step(step)
        optimizer.zero_grad()
        for batch in batches:
            objective.loss(batch, num_targets=objective.num_targets(batch)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()


def stage_files(folder: Path, model: VisionLanguageModel, average: VisionLanguageModel | None = None) -> None:
    """What a stage hands on: the model's weights, and another's (the average has no buffers)."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    mean = {name: tensor.detach().clone() for name, tensor in (average or model).named_parameters()}
    for name, tensors in {**outputs(state), **outputs(mean, suffix="ema")}.items():
        save_tensors(folder / name, tensors)
    (folder / "config.json").write_text(model.config.model_dump_json(), "utf-8")
    (folder / "vision.json").write_text(model.vision.model_dump_json(), "utf-8")
