"""Chess games in Portable Game Notation: one document a game, as it stands."""

import re
from collections.abc import Iterator

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.schema import FileSpec

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TAG_LINE = re.compile(rb"[ \t]*\[(\w+)[ \t]+\"")
_TAG = re.compile(r'^[ \t]*\[(\w+)[ \t]+"(.*)"\][ \t]*$', re.MULTILINE)
_UTF8_LETTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def read(data: bytes, spec: FileSpec) -> Iterator[Item | BadInput]:
    """Games as `_games` cuts them; one that cannot be decoded is refused alone."""
    number = 0
    for game in _games(data):
        try:
            text = _decoded(game).strip()
        except BadInput as error:
            yield BadInput(error.reason, f"game {number}: {error.detail}")
        else:
            if not text:
                continue
            yield Item(str(number), text, {"tags": dict(_TAG.findall(text))})
        number += 1


def _games(data: bytes) -> Iterator[bytes]:
    """A game begins with its tags (PGN standard, 8.1): the first after moves, or another `[Event`.

    Files that were joined have byte order marks inside; they are no part of a game.
    """
    lines: list[bytes] = []
    has_moves = has_event = False
    for line in data.replace(_BYTE_ORDER_MARK, b"").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        tag = _TAG_LINE.match(line)
        is_event = tag is not None and tag[1] == b"Event"
        if tag and (has_moves or (is_event and has_event)):
            yield b"\n".join(lines)
            lines, has_moves, has_event = [], False, False
        has_event |= is_event
        has_moves |= tag is None and bool(line.strip())
        lines.append(line)
    yield b"\n".join(lines)


def _decoded(game: bytes) -> str:
    """UTF-8, or ISO 8859-1 as the standard has it (4.1); nothing that is both, or has control characters.

    Raises:
        BadInput: it is neither.
    """
    try:
        return decode(game)
    except BadInput:
        text = game.decode("latin-1")
        if _CONTROL.search(text) or _UTF8_LETTER.search(game):
            raise
        return text
