"""Emoji: SVGs named by their code points (OpenMoji), with the English names that the package emoji has for them."""

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from fc_model.data.images.decode import decode
from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.sources.entry import Dropped, Entry, Result, chance, made, words_of
from fc_pipeline.images.sources.files import OpenFiles, whole
from fc_pipeline.images.sources.schema import EmojiReader, ImageSource
from fc_pipeline.images.sources.svg import render_svg
from fc_pipeline.sources.sandbox.isolated import isolated

_CODE_POINTS = re.compile(r"[0-9A-F]{2,6}(-[0-9A-F]{2,6})*")
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_SHOWN_AS_PICTURE = 0xFE0F
"""Variation selector 16: file names and names have it or not, as they please."""
_LIGHTEST = 200

CodePoints = tuple[int, ...]


def entries(source: ImageSource, files: OpenFiles) -> Iterator[Entry | Dropped]:
    """An entry for each picture that has a name.

    Raises:
        UserError: the names are not those of the package emoji.
    """
    names = _names(source, files)
    for file in files("pictures"):
        stem = PurePosixPath(file.path).stem
        if not _CODE_POINTS.fullmatch(stem):
            yield Dropped(file.path, "no_code_points")
            continue
        points = tuple(int(part, 16) for part in stem.split("-"))
        if any(point in _SKIN_TONES for point in points):
            yield Dropped(file.path, "skin_tone")
            continue
        known = names.get(_plain(points))
        if known is None:
            yield Dropped(file.path, "no_name")
            continue
        meta = {"emoji": "".join(map(chr, points)), "aliases": known[1:]}
        yield Entry(file.path, file.content, file.licence, "emoji", caption=known[0], meta=meta)


def finish(entry: Entry, source: ImageSource, shared: dict[str, bytes]) -> list[Result]:
    """The drawing on a plain colour. Raises BadInput when it is refused."""
    assert isinstance(entry.content, bytes) and isinstance(source.reader, EmojiReader)
    if len(entry.content) > source.caps.max_svg_bytes:
        raise BadInput("too_many_bytes", f"{len(entry.content)} bytes exceed max_svg_bytes")
    colour = "#ffffff"
    if source.reader.background == "seeded":
        rng = chance(source.seed, entry.path)
        colour = "#" + "".join(f"{rng.randint(_LIGHTEST, 255):02x}" for _ in range(3))
    _, (image,) = isolated().call(render_svg, entry.content, size=source.reader.size, background=colour)
    return [made(entry, decode(image, limits=source.caps.image), source=source.name)]


def _names(source: ImageSource, files: OpenFiles) -> dict[CodePoints, list[str]]:
    """{code points: [name, other names...]} in words."""
    names: dict[CodePoints, list[str]] = {}
    for file in files("names"):
        try:
            table: dict[str, dict[str, Any]] = json.loads(whole(file, source))
            for emoji, entry in table.items():
                points = _plain(tuple(map(ord, emoji)))
                distinct: dict[str, str] = {}  # whatever the case; the first stays
                for name in [entry["en"], *entry.get("alias", [])]:
                    words = _words(name, points)
                    distinct.setdefault(words.casefold(), words)
                names.setdefault(points, list(distinct.values()))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"images {source.name}: {file.path} is no table of emoji names ({type(error).__name__}: {error}); "
                "`names` is emoji/unicode_codes/emoji.json of the package emoji"
            ) from error
    return names


def _words(name: str, points: CodePoints) -> str:
    """`:fox_face:` as `fox face`; a country's name on its flag as `flag of ...`."""
    words = words_of(name.strip(":"))
    is_flag = all(point in _FLAG_LETTERS for point in points)
    return f"flag of {words}" if is_flag and not words.startswith("flag") else words


def _plain(points: CodePoints) -> CodePoints:
    return tuple(point for point in points if point != _SHOWN_AS_PICTURE)
