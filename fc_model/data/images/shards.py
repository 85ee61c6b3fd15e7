"""Reads image shards: samples by their number from WebDataset tars, and what is known of all of them from the table.

A sample is found by its number alone, so a training resumes inside a shard, at any number of workers, by the number
of its step. Nothing is held open: an object may be forked, pickled and sent to a spawned process.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fc_model.config.image_stage import ImageGroup
from fc_model.data.images.record import ImageRecord
from fc_model.data.images.record_table import RecordTable
from fc_model.data.images.shard_writer import BLOCK_BYTES, IMAGE_INDEX_SCHEMA, KEY_DIGITS, tar_bytes
from fc_model.errors import UserError


class Sample(NamedTuple):
    record: ImageRecord
    images: list[bytes]
    """Encoded, in the order of `record.images`."""


class ImageShards:
    """One split of an artifact of images.

    Args:
        folder: the artifact's folder.
        split: train or holdout; `list_image_splits(folder)` has the names.

    `table` has the records.

    Raises:
        UserError: the index, the split or a file is missing, or the files disagree with the index; a tar that was
            cut between two samples is one of those, which WebDataset itself reads short without an error.
    """

    def __init__(self, folder: Path, split: str = "train") -> None:
        self.folder = Path(folder)
        self.split = split
        splits = read_image_index(self.folder)["splits"]
        if split not in splits:
            raise UserError(f"{self.folder}: no split {split!r}; it has {', '.join(splits)}")
        self.summary: dict[str, Any] = splits[split]
        shards, records = self.summary["shards"], self.summary["records"]
        _check_size(self.folder / records["name"], records["bytes"])
        self.table = RecordTable(self.folder / records["name"])
        self._names: list[str] = [shard["name"] for shard in shards]
        self._spans = [_spans(self.folder, shard) for shard in shards]
        self._ends = np.cumsum([len(spans) for spans in self._spans], dtype=np.int64)
        if self.summary["samples"] != len(self):
            raise UserError(
                f"{self.folder / 'index.json'}: split {split} has {self.summary['samples']} samples, its shards "
                f"{len(self)}; materialize it again"
            )

    def __len__(self) -> int:
        return int(self._ends[-1]) if self._names else 0

    def sample(self, number: int) -> Sample:
        """A sample by its number within the split.

        Raises IndexError outside 0 <= number < len(self), UserError when the tar does not hold what it should.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"sample {number} of {len(self)} in split {self.split} of {self.folder}")
        shard = int(np.searchsorted(self._ends, number, side="right"))
        spans = self._spans[shard]
        start, end = (int(offset) for offset in spans[number - int(self._ends[shard])])
        path = self.folder / f"{self._names[shard]}.tar"
        with path.open("rb") as file:
            file.seek(start)
            block = file.read(end - start)
        try:
            return _parse(block, f"{number:0{KEY_DIGITS}d}.")
        except (KeyError, ValueError, TypeError) as error:
            raise UserError(f"{path}: sample {number} is damaged ({error!r}); materialize it again") from error

    def samples(self) -> Iterator[Sample]:
        return map(self.sample, range(len(self)))

    def records(self, numbers: Iterable[int] | None = None) -> Iterator[ImageRecord]:
        """All records in order, or those of these ascending numbers, without a byte of an image."""
        return self.table.records(numbers)

    def fitting(self, group: ImageGroup) -> NDArray[np.int64]:
        """Numbers of the samples that have what a group of a stage needs: its kinds, images, its task's target."""
        import pyarrow as pa
        import pyarrow.compute as pc

        target = {"caption": "has_caption", "answer": "has_questions"}.get(group.task, "has_text")
        kinds = pa.array([kind for kind in self.summary["kinds"] if group.takes(kind)], pa.string())
        masks = [np.zeros(0, dtype=bool)]
        for table in self.table.groups("kind", "sizes", target):
            of_kind = pc.is_in(table["kind"], value_set=kinds)
            mask = pc.and_(pc.and_(of_kind, pc.equal(pc.list_value_length(table["sizes"]), group.pages)), table[target])
            masks.append(mask.to_numpy())
        return np.flatnonzero(np.concatenate(masks))


def read_image_index(folder: Path) -> dict[str, Any]:
    """`index.json` of an artifact of images. Raises UserError when there is none of this version."""
    path = Path(folder) / "index.json"
    try:
        index: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no index of image shards ({error}); materialize it again") from error
    if index.get("schema") != IMAGE_INDEX_SCHEMA:
        raise UserError(f"{path}: schema {index.get('schema')}, this version reads {IMAGE_INDEX_SCHEMA}; rebuild it")
    return index


def list_image_splits(folder: Path) -> list[str]:
    return sorted(read_image_index(folder)["splits"])


def _spans(folder: Path, shard: dict[str, Any]) -> NDArray[np.int64]:
    """Offsets of the samples of one tar, shape (samples, 2), checked against each other and both files' sizes."""
    _check_size(folder / f"{shard['name']}.tar", shard["bytes"])
    _check_size(folder / f"{shard['name']}.idx", 16 * shard["samples"])
    spans = np.fromfile(folder / f"{shard['name']}.idx", dtype="<i8").astype(np.int64).reshape(-1, 2)
    bounds = np.concatenate([[0], spans[:, 1]])
    if (spans[:, 0] != bounds[:-1]).any() or tar_bytes(int(bounds[-1])) != shard["bytes"]:
        raise UserError(f"{folder / shard['name']}.idx: its offsets do not fit the tar; materialize it again")
    return spans


def _check_size(path: Path, expected: int) -> None:
    size = path.stat().st_size if path.is_file() else None
    if size != expected:
        state = "is missing" if size is None else f"has {size:,} bytes, the index says {expected:,}"
        raise UserError(f"{path} {state}; materialize it again")


def _parse(block: bytes, prefix: str) -> Sample:
    """The members of one sample. Raises KeyError, ValueError or TypeError when they are not as written."""
    members: dict[str, bytes] = {}
    offset = 0
    while offset < len(block):
        name, size = _member(block[offset : offset + BLOCK_BYTES])
        if not name.startswith(prefix):
            raise ValueError(f"member {name!r} is not of it")
        offset += BLOCK_BYTES
        members[name.removeprefix(prefix)] = block[offset : offset + size]
        offset += size + -size % BLOCK_BYTES
    record = ImageRecord.from_json(json.loads(members["json"]))
    return Sample(record=record, images=[members[extension] for extension in record.images])


def _member(header: bytes) -> tuple[str, int]:
    """Name and size of a plain file by its header, POSIX 1003.1 ustar. Raises ValueError when it is none.

    tarfile reads every field of it, in nearly five times the time.
    """
    checksum = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    if int(header[148:156].rstrip(b"\0 ") or b"-1", 8) != checksum or header[156:157] not in (b"0", b"\0"):
        raise ValueError("a member's header is damaged")
    return header[:100].rstrip(b"\0").decode("ascii"), int(header[124:136].rstrip(b"\0 "), 8)
