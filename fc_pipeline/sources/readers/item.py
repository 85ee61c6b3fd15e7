"""What every reader gives, and how it refuses."""

import json
import re
from typing import Any, NamedTuple

from fc_pipeline.catalogue.bad_input import BadInput

_NO_TEXT = re.compile("[\ud800-\udfff\0]")
_REPLACEMENT = "\ufffd"


class Item(NamedTuple):
    """A document before it has a source: `key` tells the documents of one file apart ("" when there is only one)."""

    key: str
    text: str
    meta: dict[str, Any]


def decode(data: bytes) -> str:
    """UTF-8 without a byte order mark, with line feeds. Raises BadInput for anything else."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("invalid_utf8", f"byte {error.start}: {error.reason}") from error
    return _line_feeds(text)


def decode_loosely(data: bytes) -> str:
    """The same, but bytes that are no UTF-8 become lone surrogates (PEP 383): `sound` refuses the document with one."""
    return _line_feeds(data.decode("utf-8-sig", errors="surrogateescape"))


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def replace_invalid(data: bytes) -> tuple[bytes, int]:
    """Valid UTF-8, and how many times U+FFFD had to stand for bytes that were not."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
        return text.encode(), text.count(_REPLACEMENT) - data.count(_REPLACEMENT.encode())
    return data, 0


def sound(item: Item | BadInput, *, replace: bool = False) -> Item | BadInput:
    """The item, or why it cannot be written: JSON can smuggle in lone surrogates, NUL and NaN, which are no text.

    With `replace`, U+FFFD takes their place in the text, counted in meta as `replaced`.
    """
    if isinstance(item, BadInput):
        return item
    bad = _NO_TEXT.search(item.text)
    if bad and replace:
        text, count = _NO_TEXT.subn(_REPLACEMENT, item.text)
        item = Item(item.key, text, {**item.meta, "replaced": item.meta.get("replaced", 0) + count})
    elif bad:
        return _refusal(bad[0], bad.start())
    try:
        json.dumps([item.key, item.meta], ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        return BadInput("invalid_meta", f"the key or a field of meta cannot be written: {error}")
    return item


def _refusal(character: str, position: int) -> BadInput:
    where = f"character {position}"
    if character == "\0":
        return BadInput("nul_character", f"{where}: NUL")
    if "\udc80" <= character <= "\udcff":
        return BadInput("invalid_utf8", f"{where}: byte 0x{ord(character) - 0xDC00:02x}")
    return BadInput("invalid_unicode", f"{where}: lone surrogate")
