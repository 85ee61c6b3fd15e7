"""Image shards at scale: the start of a stage on many samples, and images a second at several numbers of workers.

`python -m bench.image_shards` writes shards of small JPEGs, then measures in one run:

* what every start of a stage does, finding the samples of each group, by the table of records (`group_buckets`) and as
  it is without one, by reading every sample from the tars;
* batches of 64 images decoded, augmented and resized, at 0 (a thread), 1 and 2 worker processes, while the process
  that trains waits for them.

Wall seconds depend on what else the machine does; read CPU seconds, and ratios within a run.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fc_model.artifacts import Recipe, Store
from fc_model.config.image_stage import ImageGroup
from fc_model.data.images.augment import Augmentation
from fc_model.data.images.decode import decode
from fc_model.data.images.record import ImageRecord, Line, Question, Word
from fc_model.data.images.resize import fit
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.data.images.shards import ImageShards
from fc_model.data.prefetch import Prefetcher
from fc_model.train.image_groups import group_buckets

_PICTURES = 64
_SIDE = 224
_GROUP: dict[str, Any] = {"height": _SIDE, "width": _SIDE, "images": 64, "text_tokens": 64, "share": 1}
GROUPS = [
    ImageGroup(kinds=["line"], task="read", **_GROUP),
    ImageGroup(kinds=["document/*"], task="answer", **_GROUP),
    ImageGroup(kinds=["photo"], task="caption", **_GROUP),
]
_KINDS = ("line", "photo", "document/form", "document/letter")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.image_shards")
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--batches", type=int, default=20, help="of 64 images, for each number of workers")
    parser.add_argument("--folder", type=Path, help="where the shards are written and removed again, 10 kB a sample")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="image_shards_", dir=arguments.folder))
    try:
        with timed(f"write {arguments.samples:,} samples"):
            shards = write(folder, arguments.samples)
        size = sum(path.stat().st_size for path in shards.rglob("*.tar"))
        table = (shards / "train.parquet").stat().st_size
        print(f"tars {size / 1e9:.2f} GB, table {table / 1e6:.1f} MB")
        with timed("start of a stage, every sample read from the tars"):
            read = [len(numbers) for numbers in without_table(ImageShards(shards), GROUPS)]
        with timed("start of a stage, by the table of records"):
            buckets = group_buckets(ImageShards(shards), GROUPS, patch=16)
            assert [sum(len(bucket.samples) for bucket in each) for each in buckets] == read
        with timed("all records parsed, from the table"):
            assert sum(1 for _ in ImageShards(shards).records()) == arguments.samples
        for workers in (0, 1, 2):
            ahead = Prefetcher(Decoding(ImageShards(shards)), workers=workers)
            ahead(0)  # workers import torch
            with timed(f"{workers} workers", images=arguments.batches * _GROUP["images"], close=ahead.close):
                for number in range(1, arguments.batches + 1):
                    ahead(number)
    finally:
        shutil.rmtree(folder)


class timed:
    """Prints what a block took; children's CPU seconds count once `close` has ended them."""

    def __init__(self, name: str, *, images: int = 0, close: Callable[[], None] | None = None) -> None:
        self._name, self._images, self._close = name, images, close

    def __enter__(self) -> None:
        self._begin, self._cpu = time.perf_counter(), time.process_time()

    def __exit__(self, *error: object) -> None:
        wall, cpu = time.perf_counter() - self._begin, time.process_time() - self._cpu
        rate = f", {self._images / wall:,.0f} images a second" if self._images else ""
        children = ""
        if self._close is not None:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            self._close()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            children = f", workers with their imports {spent:.1f} CPU s" if spent else ""
        print(f"{self._name}: {wall:.2f} s, {cpu:.2f} CPU s{rate}{children}", flush=True)


@dataclass
class Pixels:
    """A batch, (B, H, W, 3)."""

    images_BHWC: np.ndarray[Any, Any]


class Decoding:
    """Batches of decoded images, pure functions of their number."""

    def __init__(self, shards: ImageShards) -> None:
        self._shards = shards

    def __call__(self, number: int) -> Pixels:
        """64 samples, drawn by the number."""
        chance = random.Random(number)
        numbers = chance.sample(range(len(self._shards)), k=min(_GROUP["images"], len(self._shards)))
        pictures = [decode(data) for sample in numbers for data in self._shards.sample(sample).images]
        changed = [Augmentation.draw(chance, strength=0.5)(picture) for picture in pictures]
        size: dict[str, Any] = {"height": _SIDE, "width": _SIDE, "mode": "pad", "max_scale": 2.0}
        return Pixels(np.stack([np.asarray(fit(picture, **size)) for picture in changed]))

    def window_ids(self, number: int) -> list[int]:
        """None is asked for."""
        return []


def without_table(shards: ImageShards, groups: Sequence[ImageGroup]) -> list[list[int]]:
    """What `group_buckets` finds, as each start of a stage did before there was a table."""
    numbers: list[list[int]] = [[] for _ in groups]
    for number, sample in enumerate(shards.samples()):
        record = sample.record
        for chosen, group in zip(numbers, groups, strict=True):
            target = {"caption": record.caption, "answer": record.questions}.get(group.task, record.text)
            if group.takes(record.kind) and len(record.images) == 1 and target:
                chosen.append(number)
    return numbers


def write(folder: Path, count: int) -> Path:
    """Image shards of so many samples, of 64 pictures."""
    pictures = list(_pictures())
    store, recipe = Store(folder), Recipe(config={}, code={"version": "1", "parts": {}}, inputs={})
    with store.write("bench/images", recipe) as out:
        writer = ImageShardWriter(out)
        for number in range(count):
            writer.add(_record(number), [pictures[number % _PICTURES]])
        write_index(out, [writer])
    artifact = store.find("bench/images", recipe.identity("bench/images"))
    assert artifact is not None
    return artifact.folder


def _record(number: int) -> ImageRecord:
    words = [f"word{(number * 7 + place) % 997}" for place in range(8)]
    kind, text = _KINDS[number % len(_KINDS)], " ".join(words)
    return ImageRecord(
        id=f"bench/{number}", source="bench", kind=kind, family="natural" if kind == "photo" else "text",
        licence="CC0-1.0", width=320, height=240, images=["jpg"], text=text, caption=f"a picture of {words[0]}",
        words=[Word(word, (40 * place, 0, 40 * place + 36, 12), 0) for place, word in enumerate(words)],
        lines=[Line(text, (0, 0, 320, 12))], questions=[Question(question="Which?", answers=words[:1], kind="field")],
    )  # fmt: skip


def _pictures() -> Iterator[bytes]:
    """JPEGs of 320 x 240 pixels, of about 8 kB."""
    for number in range(_PICTURES):
        noise = np.random.default_rng(number).integers(0, 256, (9, 12, 3), dtype=np.uint8)
        stream = io.BytesIO()
        Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=60)
        yield stream.getvalue()


if __name__ == "__main__":
    main()
