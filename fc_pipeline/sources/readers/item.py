"""What every reader gives, and how it refuses."""

from typing import Any, NamedTuple


class Item(NamedTuple):
    """A document before it has a source: `key` tells the documents of one file apart ("" when there is only one)."""

    key: str
    text: str
    meta: dict[str, Any]


class BadInput(Exception):
    """A file (or a record of it) that cannot be read; it is quarantined under `reason`, and the rest goes on."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def decode(data: bytes) -> str:
    """UTF-8 without a byte order mark, with line feeds. Raises BadInput for anything else."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("invalid_utf8", f"byte {error.start}: {error.reason}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
