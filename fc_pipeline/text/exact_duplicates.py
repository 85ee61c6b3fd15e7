"""Exact duplicates: equal texts up to case and white space."""

import hashlib


class ExactDuplicates:
    """Remembers 16 bytes of each text that it has seen."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def first_row(self, text: str, row: int) -> int:
        """The row of the first equal text; `row` itself when the text is new."""
        normalised = " ".join(text.casefold().split())
        digest = hashlib.sha256(normalised.encode()).digest()[:16]
        return self._seen.setdefault(digest, row)
