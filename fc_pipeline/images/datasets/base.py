"""What every loader gives, and the caps that it keeps to."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from fc_model.data.images.limits import ImageLimits
from fc_model.data.images.record import ImageRecord
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets.catalogue import DownloadLimits

__all__ = ["BadInput", "BadRecord", "DatasetLimits", "Result", "Sample", "samples"]

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


@dataclass(frozen=True, kw_only=True)
class DatasetLimits:
    """Caps of a set."""

    image: ImageLimits = field(default_factory=ImageLimits)
    annotation_bytes: int = 1 << 30
    """Bytes of a file of annotations; it is held in memory."""
    record_bytes: int = 1 << 20
    """Bytes of a record as JSON."""
    download: DownloadLimits | None = None
    """How images of URL lists are fetched; None refuses such lists."""
    share: float = 1.0
    """Part of the records that is read, by a hash of their names: a larger part holds a smaller one."""

    def takes(self, name: str) -> bool:
        """Whether the record of this name is of the share."""
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).digest()
        return self.share >= 1 or int.from_bytes(digest[:8], "big") < self.share * 2**64


MALFORMED = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
"""What reading an entry raises when a field is missing or of another type than the format says."""


_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""NUL as JSON writes it, and not the letters of its escape behind a backslash of the text."""


def samples(
    source: str,
    entries: Iterable[tuple[str, T] | BadRecord],
    build: Callable[[str, T], Sample],
    *,
    limits: DatasetLimits,
) -> Iterator[Result]:
    """Yields `build(key, entry)` for each entry of the share, or why it is none. `build` may raise BadInput."""
    for entry in entries:
        if isinstance(entry, BadRecord):
            yield entry
            continue
        key, content = entry
        if not limits.takes(f"{source}/{key}"):
            continue
        try:
            yield _sound(build(key, content), limits)
        except BadInput as bad:
            yield BadRecord(id=_printable(f"{source}/{key}"), reason=bad.reason, detail=_printable(bad.detail))
        except MALFORMED as error:
            detail = f"{type(error).__name__}: {error}"
            yield BadRecord(id=_printable(f"{source}/{key}"), reason="invalid_record", detail=_printable(detail))


def _sound(sample: Sample, limits: DatasetLimits) -> Sample:
    """The sample, when its record can be written: JSON can smuggle in lone surrogates, NUL and NaN, which are none."""
    record, _ = sample
    try:
        written = json.dumps(record.to_json(), ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise BadInput("invalid_unicode", _printable(str(error))) from error
    if _NUL.search(written):
        raise BadInput("nul_character", "a text of the record holds NUL")
    if len(written) > limits.record_bytes:
        raise BadInput("record_too_large", f"{len(written)} bytes exceed {limits.record_bytes}")
    return sample


def _printable(text: str) -> str:
    """One line of text that any log can write."""
    return " ".join(text.encode("utf-8", errors="backslashreplace").decode().split())[:500]
