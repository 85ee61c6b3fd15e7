"""A public set as its owner unpacked it: its files, read within the caps, and the samples that are made of them."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from fc_model.data.images.limits import ImageLimits
from fc_model.data.images.record import ImageRecord
from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets.annotations import Asked
from fc_pipeline.images.datasets.catalogue import DATASETS, DatasetLimits
from fc_pipeline.images.datasets.pictures import Picture, is_file, picture_file
from fc_pipeline.sources.readers.item import decode
from fc_pipeline.sources.readers.strict_json import parse_json

T = TypeVar("T")

Sample = tuple[ImageRecord, list[bytes]]
"""A record, and the encoded bytes of each of its images."""


@dataclass(frozen=True, kw_only=True)
class BadRecord:
    """What could not be read; it is quarantined and counted under `reason`."""

    id: str
    """`<source>/<key>`, or `<source>/<file>` when a whole file of annotations is unreadable."""
    reason: str
    detail: str


Result = Sample | BadRecord
Entries = Iterable[tuple[str, T] | BadRecord]
"""(key, what the annotations hold under it), or what is wrong with one of them."""

MALFORMED = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
"""What reading an entry raises when a field is missing or of another type than the format says."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""NUL as JSON writes it, and not the letters of its escape behind a backslash of the text."""


@dataclass(frozen=True, kw_only=True)
class SetFolder:
    """The folder of a set, and the caps that it is read within."""

    name: str
    """In `catalogue.DATASETS`."""
    folder: Path
    limits: DatasetLimits
    image: ImageLimits

    def files(self, *patterns: str) -> list[Path]:
        """Files below the folder that match one of the globs, sorted. Raises UserError when there is none."""
        paths = sorted({path for pattern in patterns for path in self.folder.glob(pattern) if path.is_file()})
        if not paths:
            globs = " or ".join(patterns)
            raise UserError(f"{self.name}: no {globs} in {self.folder}; unpack the set there as it is published")
        return paths

    def check_size(self, path: Path) -> None:
        """Raises BadInput for a file of annotations that is too large."""
        size, cap = path.stat().st_size, self.limits.max_annotation_bytes
        if size > cap:
            raise BadInput("too_large", f"{size} bytes exceed max_annotation_bytes ({cap})")

    def text(self, path: Path) -> str:
        """Raises BadInput when the file is too large or no UTF-8."""
        self.check_size(path)
        return decode(path.read_bytes())

    def json(self, path: Path) -> Any:
        """The content of an optional file; None when it is not there. NaN is None.

        Raises BadInput when it is there and no JSON.
        """
        return parse_json(self.text(path), strict=False) if is_file(path) else None

    def json_list(self, path: Path, *, at: str | None = "data") -> list[Any]:
        """The list that is the file's member `at`, or the file itself for None. Raises BadInput when there is none."""
        content = self.json(path)
        entries = content if at is None else content.get(at) if isinstance(content, dict) else None
        if not isinstance(entries, list):
            raise BadInput("invalid_annotations", f"no list {'of records' if at is None else repr(at)} in it")
        return entries

    def bad_file(self, path: Path, error: BadInput) -> BadRecord:
        """A file of annotations that cannot be read."""
        return BadRecord(id=f"{self.name}/{path.name}", reason=error.reason, detail=error.detail)

    def grouped(self, entries: Iterable[Any], *, by: str) -> Iterator[tuple[str, list[dict[str, Any]]] | BadRecord]:
        """The entries of each value of the field `by`, in the order of their first; one without it is a bad record."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for number, entry in enumerate(entries):
            key = entry.get(by) if isinstance(entry, dict) else None
            if not isinstance(key, str | int) or key == "":
                yield BadRecord(id=f"{self.name}/entry {number}", reason="invalid_record", detail=f"no field {by!r}")
            else:
                groups.setdefault(str(key), []).append(entry)
        yield from groups.items()

    def file_samples(
        self, paths: Iterable[Path], parse: Callable[["SetFolder", Path], Entries[Any]], build: Callable[..., Sample]
    ) -> Iterator[Result]:
        """Yields `build(self, key, entry, part=path)` for what `parse(self, path)` lists, or why it raises BadInput."""
        for path in paths:
            try:
                entries = parse(self, path)
            except BadInput as error:
                yield self.bad_file(path, error)
            else:
                yield from self.samples(entries, partial(build, self, part=path))

    def json_samples(
        self,
        paths: Iterable[Path],
        build: Callable[..., Sample],
        *,
        by: str,
        at: str | None = "data",
        part_of: Callable[[Path], Path] = Path,
    ) -> Iterator[Result]:
        """Yields `build(self, key, entries, part=part)` for the entries of a part that agree in the field `by`.

        Files of equal `part_of` are one part. Entries are those of the lists at `at` (see `json_list`); each gets the
        name of its file in the field `file`, so that entries of one key that come from two files are told apart.
        """
        parts: dict[Path, list[Path]] = {}
        for path in paths:
            parts.setdefault(part_of(path), []).append(path)
        for part, members in sorted(parts.items()):
            entries: list[Any] = []
            for path in members:
                try:
                    listed = self.json_list(path, at=at)
                except BadInput as error:
                    yield self.bad_file(path, error)
                else:
                    entries += [entry | {"file": path.name} if isinstance(entry, dict) else entry for entry in listed]
            yield from self.samples(self.grouped(entries, by=by), partial(build, self, part=part))

    def samples(
        self, entries: Entries[T], build: Callable[[str, T], Sample], *, within: str | None = None
    ) -> Iterator[Result]:
        """Yields `build(key, entry)` for each entry of the share, or why it is none. `build` may raise BadInput.

        `within` is what names begin with, by default that of the set.
        """
        for entry in entries:
            if isinstance(entry, BadRecord):
                yield entry
                continue
            key, content = entry
            name = f"{within or self.name}/{key}"
            if not self.takes(name):
                continue
            try:
                yield _sound(build(key, content), self.limits.max_record_bytes)
            except BadInput as bad:
                yield BadRecord(id=_printable(name), reason=bad.reason, detail=_printable(bad.detail))
            except MALFORMED as error:
                detail = f"{type(error).__name__}: {error}"
                yield BadRecord(id=_printable(name), reason="invalid_record", detail=_printable(detail))

    def takes(self, name: str) -> bool:
        """Whether the record of this name is of the share."""
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).digest()
        return self.limits.share >= 1 or int.from_bytes(digest[:8], "big") < self.limits.share * 2**64

    def picture(self, *names: str) -> Picture:
        """The first of these files below the folder that is there. Raises BadInput as `picture_file`."""
        return picture_file(self.folder, *names, limits=self.image)

    def sample(
        self,
        image: Picture,
        path: str,
        *,
        asked: Asked | None = None,
        words_by: str | None = None,
        meta: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Sample:
        """The record `<set>/<path>` of one image, and the image's bytes.

        Args:
            asked: its questions; those without an answer are counted in meta as `unanswered`.
            words_by: the engine that read `words`; kept in meta where there are any.
            fields: what else `ImageRecord` takes; `licence` where it is not the set's own, `family` where not text.
        """
        questions, unanswered = asked or ([], 0)
        more = {"unanswered": unanswered, "words_by": words_by if fields.get("words") else None}
        record = ImageRecord(
            id=f"{self.name}/{path}",
            source=self.name,
            width=image.width,
            height=image.height,
            images=[image.extension],
            questions=questions,
            meta=writable(meta or {}) | {name: value for name, value in more.items() if value},
            **{"family": "text", "licence": DATASETS[self.name].licence, **fields},
        )
        return record, [image.data]


def writable(value: Any) -> Any:
    """Metadata that nobody needs as what JSON can hold: it must not refuse a sample.

    NaN is None, lone surrogates and NUL are escaped, other types become their text.
    """
    if isinstance(value, str):
        return value.encode("utf-8", errors="backslashreplace").decode().replace("\0", "\\x00")
    if isinstance(value, dict):
        return {writable(str(name)): writable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [writable(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int) else str(value)


def _sound(sample: Sample, max_bytes: int) -> Sample:
    """The sample, when its record can be written: JSON can smuggle in lone surrogates, NUL and NaN, which are none."""
    record, _ = sample
    try:
        written = json.dumps(record.to_json(), ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise BadInput("invalid_unicode", _printable(str(error))) from error
    if _NUL.search(written):
        raise BadInput("nul_character", "a text of the record holds NUL")
    if len(written) > max_bytes:
        raise BadInput("record_too_large", f"{len(written)} bytes exceed {max_bytes}")
    return sample


def _printable(text: str) -> str:
    """One line of text that any log can write."""
    return " ".join(text.encode("utf-8", errors="backslashreplace").decode().split())[:500]
