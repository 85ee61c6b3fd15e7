"""Writes image shards: WebDataset tars with a table of offsets beside each.
`fc_model/data/images/shards.py` reads them.

For every split: `<split>-<n>.tar`, `<split>-<n>.idx`; for all splits `index.json`. A sample is `<key>.json`, then
`<key>.<image>` for each image and `<key>.<n>.crop.png` for each crop; its key is its number within the split. It never
spans two tars. Equal samples give equal bytes: headers carry no time, no user and no group.
"""

import json
import re
import tarfile
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from fc_model.artifacts import ArtifactWriter
from fc_model.data.images.record import ImageRecord
from fc_model.errors import UserError

IMAGE_INDEX_SCHEMA = 1
KEY_DIGITS = 9
BLOCK_BYTES = tarfile.BLOCKSIZE
END_OF_TAR = b"\0" * (2 * BLOCK_BYTES)
_EXTENSION = re.compile(r"([0-9]+\.)?(png|jpg|jpeg|webp)")
_COUNTED = {"kinds": "kind", "families": "family", "sources": "source", "licences": "licence"}


class ImageShardWriter:
    """Writes the samples of one split into tars of about `max_bytes` bytes; at most one tar is held in memory."""

    def __init__(self, out: ArtifactWriter, split: str = "train", max_bytes: int = 64 << 20) -> None:
        self._out = out
        self.split = split
        self._max_bytes = max_bytes
        self._shards: list[dict[str, Any]] = []
        self._blocks: list[bytes] = []
        self._num_bytes = 0
        self._spans = array("q")
        self._samples = 0
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}

    def add(self, record: ImageRecord, images: Sequence[bytes], crops: Sequence[bytes] = ()) -> None:
        """Append one sample.

        Args:
            record: its `split` is this writer's; `images` lists an extension for each image.
            images: encoded images, in that order.
            crops: encoded PNGs, one for each entry of `record.meta["crops"]`.

        Raises:
            ValueError: the record does not say what the images are, or is of another split.
            UserError: the record cannot be written as UTF-8 JSON.
        """
        _check(record, self.split, images, crops)
        key = f"{self._samples:0{KEY_DIGITS}d}"
        blocks = [*_member(f"{key}.json", _json_bytes(record))]
        for extension, data in zip(record.images, images, strict=True):
            blocks += _member(f"{key}.{extension}", data)
        for number, data in enumerate(crops):
            blocks += _member(f"{key}.{number}.crop.png", data)
        size = sum(map(len, blocks))
        if self._blocks and self._num_bytes + size + len(END_OF_TAR) > self._max_bytes:
            self.close()
        self._spans.extend((self._num_bytes, self._num_bytes + size))
        self._blocks += blocks
        self._num_bytes += size
        self._samples += 1
        for name, attribute in _COUNTED.items():
            self._counts[name][getattr(record, attribute)] += 1

    def close(self) -> None:
        """Write the tar that is being filled, if any."""
        if not self._blocks:
            return
        name = f"{self.split}-{len(self._shards):05d}"
        samples = len(self._spans) // 2
        with self._out.open(f"{name}.tar", records=samples) as file:
            for block in self._blocks:
                file.write(block)
            file.write(END_OF_TAR)
        with self._out.open(f"{name}.idx") as file:
            file.write(b"".join(offset.to_bytes(8, "little") for offset in self._spans))
        self._shards.append({"name": name, "samples": samples, "bytes": self._num_bytes + len(END_OF_TAR)})
        self._blocks, self._num_bytes, self._spans = [], 0, array("q")

    def summary(self) -> dict[str, Any]:
        """The split's entry in `index.json`: samples, its tars, and samples by kind, family, source and licence."""
        self.close()
        counts = {name: dict(sorted(counter.items())) for name, counter in self._counts.items()}
        return {"samples": self._samples, **counts, "shards": self._shards}


def write_index(out: ArtifactWriter, writers: Iterable[ImageShardWriter]) -> None:
    """Close the writers and write `index.json`; call it last."""
    splits = {writer.split: writer.summary() for writer in sorted(writers, key=lambda writer: writer.split)}
    out.write_text("index.json", json.dumps({"schema": IMAGE_INDEX_SCHEMA, "splits": splits}, indent=1) + "\n")


def _check(record: ImageRecord, split: str, images: Sequence[bytes], crops: Sequence[bytes]) -> None:
    if record.split != split:
        raise ValueError(f"{record.id}: its split is {record.split}, this writer's {split}")
    if not images or len(images) != len(record.images) or len(set(record.images)) != len(images):
        raise ValueError(f"{record.id}: {len(images)} images, but the record lists {record.images}")
    wrong = [extension for extension in record.images if _EXTENSION.fullmatch(extension) is None]
    if wrong:
        raise ValueError(f"{record.id}: {wrong[0]!r} is no extension of an image (png, 0.png, 1.jpg)")
    if len(crops) != len(record.meta.get("crops", [])):
        raise ValueError(f"{record.id}: {len(crops)} crops, but meta.crops lists {len(record.meta.get('crops', []))}")


def _json_bytes(record: ImageRecord) -> bytes:
    try:
        text = json.dumps(record.to_json(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8")
    except (UnicodeEncodeError, TypeError, ValueError) as error:
        raise UserError(f"{record.id!r}: its record cannot be written as JSON ({error}); mend its source") from error


def _member(name: str, data: bytes) -> list[bytes]:
    """Header, content and padding. TarInfo's defaults are mode 0644, time 0, user and group 0 without names."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    header = info.tobuf(format=tarfile.USTAR_FORMAT, encoding="ascii", errors="strict")
    return [header, data, b"\0" * (-len(data) % BLOCK_BYTES)]
