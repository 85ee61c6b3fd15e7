"""Writes image shards: WebDataset tars with a table of offsets beside each, and one of all records.
`fc_model/data/images/shards.py` reads them.

For every split: `<split>-<n>.tar`, `<split>-<n>.idx`, `<split>.parquet`; for all splits `index.json`. A sample is
`<key>.json` and `<key>.<image>` for each image; its key is its number within the split. It never spans two tars. Equal
samples give equal bytes: headers carry no time, no user and no group.
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
from fc_model.data.images.record_table import RecordTableWriter
from fc_model.errors import UserError

IMAGE_INDEX_SCHEMA = 3
KEY_DIGITS = 9
BLOCK_BYTES = tarfile.BLOCKSIZE
_EXTENSION = re.compile(r"([0-9]+\.)?(png|jpg|jpeg|webp)")
_TEXT, _NUMBER = ({"dtype": dtype, "_type": "Value"} for dtype in ("string", "int64"))
_PLACED = {"text": _TEXT, "box": [_NUMBER]}
_RECORD_FEATURES = {
    **dict.fromkeys(("id", "source", "kind", "family", "licence"), _TEXT),
    "width": _NUMBER,
    "height": _NUMBER,
    "images": [_TEXT],
    "split": _TEXT,
    "text": _TEXT,
    "words": [{**_PLACED, "line": _NUMBER, "starts": [_NUMBER]}],
    "lines": [_PLACED],
    "caption": _TEXT,
    "questions": [{"question": _TEXT, "answers": [_TEXT], "kind": _TEXT}],
    "meta": _TEXT,
}
"""Types of a record, as `datasets.Features.from_dict` takes them. Without them datasets guesses from five samples."""
_COUNTED = {"kinds": "kind", "families": "family", "sources": "source", "licences": "licence"}


class ImageShardWriter:
    """Writes the samples of one split into tars of about `max_bytes` bytes; at most one tar is held in memory."""

    def __init__(self, out: ArtifactWriter, split: str = "train", max_bytes: int = 64 << 20) -> None:
        self._out = out
        self.split = split
        self._max_bytes = max_bytes
        self._shards: list[dict[str, Any]] = []
        self._waiting: list[list[tuple[str, bytes]]] = []
        """(name, content) of the members of each sample."""
        self._num_bytes = 0
        self._samples = 0
        self._extensions: set[str] = set()
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}
        self._table = RecordTableWriter(out.workspace("records") / f"{split}.parquet")

    def add(self, record: ImageRecord, images: Sequence[bytes]) -> None:
        """Append one sample.

        Args:
            record: its `split` is this writer's; `images` lists an extension for each image.
            images: encoded images, in that order.

        Raises:
            ValueError: the record does not say what the images are, or is of another split.
            UserError: the record cannot be written as UTF-8 JSON.
        """
        _check(record, self.split, images)
        key, text = f"{self._samples:0{KEY_DIGITS}d}", _json(record)
        members = {"json": text.encode(), **dict(zip(record.images, images, strict=True))}
        size = sum(BLOCK_BYTES + len(data) + -len(data) % BLOCK_BYTES for data in members.values())
        if self._waiting and tar_bytes(self._num_bytes + size) > self._max_bytes:
            self._write_tar()
        self._waiting.append([(f"{key}.{extension}", data) for extension, data in sorted(members.items())])
        self._num_bytes += size
        self._samples += 1
        self._extensions.update(record.images)
        self._table.add(key, record, text, images)
        for name, attribute in _COUNTED.items():
            self._counts[name][getattr(record, attribute)] += 1

    def close(self) -> dict[str, Any]:
        """Write what is left; gives the split's entry in `index.json`.

        Samples, tars, bytes of the table, samples by kind, family, source and licence, and the types of the members.
        """
        self._write_tar()
        self._table.close()
        records = {"name": self._table.path.name, "bytes": self._table.path.stat().st_size}
        self._out.adopt(self._table.path.name, self._table.path)
        counts = {name: dict(sorted(counter.items())) for name, counter in self._counts.items()}
        images = {extension: {"_type": "Image"} for extension in sorted(self._extensions)}
        features = {"__key__": _TEXT, "json": _RECORD_FEATURES, **images}
        return {
            "samples": self._samples, **counts, "records": records, "features": features, "shards": self._shards,
        }  # fmt: skip

    def _write_tar(self) -> None:
        if not self._waiting:
            return
        name = f"{self.split}-{len(self._shards):05d}"
        spans = array("q")
        with self._out.open(f"{name}.tar", records=len(self._waiting)) as file:
            for sample in self._waiting:
                spans.append(file.tell())
                file.write(b"".join(_member(*each) for each in sample))
                spans.append(file.tell())
            file.write(bytes(tar_bytes(file.tell()) - file.tell()))
        with self._out.open(f"{name}.idx") as file:
            file.write(b"".join(offset.to_bytes(8, "little") for offset in spans))
        self._shards.append({"name": name, "samples": len(self._waiting), "bytes": tar_bytes(spans[-1])})
        self._waiting, self._num_bytes = [], 0


def _member(name: str, data: bytes) -> bytes:
    """A file of a tar as webdataset's `TarWriter` writes it, which takes four times as long and imports torch."""
    header = tarfile.TarInfo(name)
    header.size, header.mode = len(data), 0o644
    return b"".join((header.tobuf(tarfile.USTAR_FORMAT), data, bytes(-len(data) % BLOCK_BYTES)))


def tar_bytes(members: int) -> int:
    """Bytes of a tar whose members take so many: two empty blocks follow, and it is filled up to whole records."""
    return -(-(members + 2 * BLOCK_BYTES) // tarfile.RECORDSIZE) * tarfile.RECORDSIZE


def write_index(out: ArtifactWriter, writers: Iterable[ImageShardWriter]) -> None:
    """Close the writers and write `index.json`; call it last."""
    splits = {writer.split: writer.close() for writer in sorted(writers, key=lambda writer: writer.split)}
    out.write_text("index.json", json.dumps({"schema": IMAGE_INDEX_SCHEMA, "splits": splits}, indent=1) + "\n")


def _check(record: ImageRecord, split: str, images: Sequence[bytes]) -> None:
    if record.split != split:
        raise ValueError(f"{record.id}: its split is {record.split}, this writer's {split}")
    if not images or len(images) != len(record.images) or len(set(record.images)) != len(images):
        raise ValueError(f"{record.id}: {len(images)} images, but the record lists {record.images}")
    wrong = [extension for extension in record.images if _EXTENSION.fullmatch(extension) is None]
    if wrong:
        raise ValueError(f"{record.id}: {wrong[0]!r} is no extension of an image (png, 0.png, 1.jpg)")


def _json(record: ImageRecord) -> str:
    try:
        text = json.dumps(record.to_json(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode("utf-8")
    except (UnicodeEncodeError, TypeError, ValueError) as error:
        raise UserError(f"{record.id!r}: its record cannot be written as JSON ({error}); mend its source") from error
    return text
