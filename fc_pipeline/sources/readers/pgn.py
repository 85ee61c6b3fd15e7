"""Chess games in Portable Game Notation: one document a game, as it stands."""

import re
from collections.abc import Iterator

from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.schema import FileSpec

_GAME_START = re.compile(r"^(?=\[Event )", re.MULTILINE)
_TAG = re.compile(r'^\[(\w+) "(.*)"\]$', re.MULTILINE)


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """Games begin at their `[Event ` tag (PGN standard, 8.1.1)."""
    games = [game.strip() for game in _GAME_START.split(decode(data))]
    for number, game in enumerate(game for game in games if game):
        yield Item(str(number), game, {"tags": dict(_TAG.findall(game))})
