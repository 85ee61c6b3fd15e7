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
        what = "NUL" if bad[0] == "\0" else "lone surrogate"
        return BadInput("nul_character" if bad[0] == "\0" else "invalid_unicode", f"character {bad.start()}: {what}")
    try:
        json.dumps([item.key, item.meta], ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        return BadInput("invalid_meta", f"the key or a field of meta cannot be written: {error}")
    return item
