"""When two strings count as the same, which are held out, and which of the holdout stand in training.

Two strings are the same when they are equal but for case, accents, punctuation and white space: what is left is the
letters and digits of the compatibility decomposition (NFKD), case folded. A string without any is compared as it
stands, less white space. A short string belongs to the training images or to those held out, by a hash of that key,
whatever the corpus and however often it is drawn; documents, faces and layouts are held out besides.
"""

import hashlib
import unicodedata
from array import array
from collections.abc import Iterable, Iterator

import numpy as np

from fc_model.data.images.record import ImageRecord, Split
from fc_pipeline.images.synthesis_config import StringsConfig

FIELDS = ("text", "caption", "question")


def string_key(text: str) -> str:
    """What equal strings, and nearly equal ones, have in common."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(filter(str.isalnum, decomposed)) or "".join(text.split())


def string_split(text: str, config: StringsConfig) -> Split | None:
    """Whose images may show the string; None for a long one, which is not drawn twice."""
    if len(text) > config.max_chars or not config.held_out_share:
        return None
    return "holdout" if _hash64(string_key(text)) < config.held_out_share * 2**64 else "train"


class TrainingStrings:
    """All that training images are asked for: texts, captions, and questions with their best answers."""

    def __init__(self, records: Iterable[ImageRecord]) -> None:
        hashes: dict[str, array[int]] = {field: array("Q") for field in FIELDS}
        for record in records:
            for field, value in _strings(record):
                hashes[field].append(value)
        counted = {field: np.unique(np.array(values), return_counts=True) for field, values in hashes.items()}
        self._known = {field: known for field, (known, _) in counted.items()}
        self.shares = {
            name: round(float(share), 6)
            for field, (known, counts) in counted.items()
            if len(known)
            for name, share in (
                (f"distinct_{field}_share", len(known) / counts.sum()),
                (f"commonest_{field}_share", counts.max() / counts.sum()),
            )
        }
        """`distinct_<field>_share`, and `commonest_<field>_share`: that of the string which comes most often."""

    def seen(self, record: ImageRecord) -> dict[str, list[bool]]:
        """{field: for each string of it, whether training has the same}; of a field that is empty, nothing."""
        seen: dict[str, list[bool]] = {}
        for field, value in _strings(record):
            known = self._known[field]
            place = int(np.searchsorted(known, np.uint64(value)))
            seen.setdefault(field, []).append(place < len(known) and int(known[place]) == value)
        return seen


def _strings(record: ImageRecord) -> Iterator[tuple[str, int]]:
    """(field, hash) of all that a record asks for."""
    if record.text:
        yield "text", _hash64(string_key(record.text))
    if record.caption:
        yield "caption", _hash64(string_key(record.caption))
    for question in record.questions:
        yield "question", _hash64(f"{string_key(question.question)} {string_key(question.answers[0])}")


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
