"""Small real inputs of a multimodal stage at full vocabulary: a tokenizer, packed text, images, weights to start from.

Text is source code of installed packages. The tokenizer is trained on it, so that ids reach up to the last of the
vocabulary; it is BPE, since so little text has too few pieces for a Unigram of 50,000.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.packages import sources
from fc_model.artifacts import Recipe, Store
from fc_model.checkpoints.load import weights_of
from fc_model.checkpoints.run_checkpoints import save_tensors
from fc_model.config.image_stage import ImageStageConfig, VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.data import token_shard_writer as shard_writer
from fc_model.data.images.record import ImageRecord
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.seed import seed_torch
from fc_model.special_tokens import EOS, SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer
from fc_model.train.build import outputs
from fc_model.vision.vlm import VisionLanguageModel
from fc_pipeline.tokens.sentencepiece_counts import LINE_SYMBOLS, count_units, train_sentencepiece

_TOKENIZER_CHARS = 8_000_000
_SAMPLES = 4
"""Images of each kind and split."""


def write_text(folder: Path, *, vocab_size: int, tokens: int) -> None:
    """`tokenizer.model` of exactly `vocab_size` pieces, and shards train and holdout-code of `tokens` each."""
    folder.mkdir(parents=True)
    texts = list(_first(sources(), chars=_TOKENIZER_CHARS))
    model = train_sentencepiece(
        count_units(texts, symbols=LINE_SYMBOLS),
        kind="bpe",
        vocab_size=vocab_size,
        character_coverage=1.0,
        symbols=LINE_SYMBOLS,
    )
    (folder / "tokenizer.model").write_bytes(model)
    tokenizer = Tokenizer(folder / "tokenizer.model")
    assert tokenizer.vocab_size == vocab_size
    eos_id = SPECIAL_TOKENS.index(EOS)

    def opener(name: str) -> AbstractContextManager[BinaryIO]:
        return (folder / name).open("wb")

    summaries, rest = {}, iter(texts)
    for split in ("train", "holdout-code"):
        with shard_writer.SplitWriter(opener, split, vocab_size=vocab_size, shard_tokens=1 << 20) as writer:
            written = row = 0
            while written < tokens:
                text = next(rest)
                ids = np.append(tokenizer.encode(text), eos_id)
                writer.add(ids, row=row, domain="code", num_bytes=len(text.encode()))
                written, row = written + len(ids), row + 1
        summaries[split] = writer.summary()
    shard_writer.write_index(
        opener,
        splits=summaries,
        token_bytes=tokenizer.token_bytes,
        tokenizer_fingerprint=tokenizer.fingerprint,
        eos_id=eos_id,
    )


def write_images(home: Path) -> Path:
    """Captioned drawings ("photo") and pages of text ("document/page") in both splits; returns their folder."""
    store = Store(home)
    recipe = Recipe(config={}, code={"version": "bench", "parts": {}}, inputs={})
    rng = random.Random(0)
    words = [word for text in _first(sources(), chars=100_000) for word in text.split() if word.isalpha()]
    with store.write("bench/images", recipe) as out:
        writers = [ImageShardWriter(out, split=split) for split in ("train", "holdout")]
        for writer in writers:
            for number in range(_SAMPLES):
                for kind in ("photo", "document/page"):
                    writer.add(*_sample(f"{writer.split}/{number}", kind, writer.split, words, rng))
        write_index(out, writers)
        out.counters.read = out.counters.kept = 2 * 2 * _SAMPLES
    artifact = store.find("bench/images", recipe.identity("bench/images"))
    assert artifact is not None
    return artifact.folder


def write_start(folder: Path, model: ModelConfig, vision: VisionConfig, images: ImageStageConfig) -> int:
    """model.safetensors and vision.safetensors drawn at random, as a stage before would leave; returns their weights.

    Output projections are drawn too: at the zero that a text stage begins with, the others would have no gradient.
    """
    folder.mkdir(parents=True)
    seed_torch(0, "bench")
    drawn = model.model_copy(update={"zero_init_outputs": False})
    whole = VisionLanguageModel(drawn, vision, training_heads=images)
    eyes = [*whole.encoder.parameters(), *whole.fusion.parameters()]
    assert sum(weight.numel() for weight in whole.decoder.parameters()) == model.num_parameters()
    assert sum(weight.numel() for weight in eyes) == vision.num_parameters(model.hidden_size)
    for name, tensors in outputs(weights_of(whole)).items():
        save_tensors(folder / name, tensors)
    return model.num_parameters() + vision.num_parameters(model.hidden_size)


def _sample(name: str, kind: str, split: str, words: list[str], rng: random.Random) -> tuple[ImageRecord, list[bytes]]:
    size = (336, 224) if kind == "photo" else (448, 448)
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    text = caption = None
    if kind == "photo":
        colour = rng.choice(["red", "green", "blue", "orange", "purple"])
        left, top = rng.randrange(200), rng.randrange(120)
        pen.ellipse((left, top, left + 100, top + 80), fill=colour)
        caption = f"A {colour} ellipse {left} pixels from the left, beside {' '.join(rng.sample(words, 8))}."
    else:
        text = "\n".join(" ".join(rng.sample(words, 5)) for _ in range(20))
        pen.multiline_text((8, 8), text, fill="black", font=ImageFont.load_default(14))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    record = ImageRecord(
        id=f"bench/{kind}/{name}",
        source="bench",
        kind=kind,
        family="natural" if kind == "photo" else "text",
        licence="CC0-1.0",
        width=size[0],
        height=size[1],
        split="train" if split == "train" else "holdout",
        text=text,
        caption=caption,
    )
    return record, [stream.getvalue()]


def _first(texts: Iterator[str], *, chars: int) -> Iterator[str]:
    for text in texts:
        if chars <= 0:
            return
        chars -= len(text)
        yield text


def write_json(path: Path, value: object) -> None:
    """Plain JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), "utf-8")
