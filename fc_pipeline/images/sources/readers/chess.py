"""Chess boards: positions of games, openings and puzzles, drawn from their Forsyth-Edwards notation (FEN).

A board shows the placement of the pieces, the first field of a FEN, seen from White: that is the caption. Whose move
it is can't be seen. Pieces are the signs U+265A-U+265F of a font, filled and outlined by Pillow.
"""

import io
import json
import random
import re
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from fc_model.errors import UserError
from fc_pipeline.images.sources.entry import Dropped, Entry, Result, chance, made
from fc_pipeline.images.sources.files import OpenFiles, whole
from fc_pipeline.images.sources.schema import ChessReader, ImageSource

_PLACEMENT = re.compile(r"[pnbrqkPNBRQK1-8]{1,8}(/[pnbrqkPNBRQK1-8]{1,8}){7}")
_PIECES = {"k": "king", "q": "queen", "r": "rook", "b": "bishop", "n": "knight", "p": "pawn"}
_SIGNS = dict(zip("kqrbnp", "\u265a\u265b\u265c\u265d\u265e\u265f", strict=True))
_BOARDS = (
    ((240, 217, 181), (181, 136, 99)),
    ((238, 238, 210), (118, 150, 86)),
    ((222, 227, 230), (140, 162, 173)),
    ((240, 240, 240), (170, 170, 170)),
)
"""Colours of light and dark squares: wood, green, blue, grey."""
_SIZE_OF_PIECE = 0.95
_OUTLINE = 16  # a piece's outline is a 16th of the square's side wide


def prepare(source: ImageSource, files: OpenFiles) -> dict[str, bytes]:
    """Each piece on a transparent square, as PNG: {K: ..., k: ...}, upper case for White.

    Raises:
        UserError: the font lacks the signs, or is none.
    """
    assert isinstance(source.reader, ChessReader)
    side = source.reader.size // 8
    for file in files("font"):
        try:
            font = ImageFont.truetype(
                io.BytesIO(whole(file, source)), size=round(side * _SIZE_OF_PIECE), layout_engine=ImageFont.Layout.BASIC
            )
        except OSError as error:
            raise UserError(f"images {source.name}: {file.path} is no font ({error}); correct `files.font`") from error
        return {
            letter: _piece(font, _SIGNS[letter.lower()], side, white=letter.isupper())
            for letter in (*_SIGNS, *map(str.upper, _SIGNS))
        }
    raise UserError(f"images {source.name}: no font; correct `files.font`")


def entries(source: ImageSource, files: OpenFiles) -> Iterator[Entry | Dropped]:
    """An entry for each position; the same placement again is dropped."""
    seen: set[str] = set()
    for file in files("positions"):
        try:
            found = list(_positions(json.loads(whole(file, source))))
        except (ValueError, RecursionError) as error:
            raise UserError(f"images {source.name}: {file.path} is not JSON ({error})") from error
        for fen, name in found:
            placement = fen.split()[0]
            path = placement.replace("/", "-")
            if placement in seen:
                yield Dropped(path, "repeated")
                continue
            seen.add(placement)
            meta = {"fen": fen, "file": file.path} | ({"name": name} if name else {})
            yield Entry(path, b"", file.licence, caption=placement, meta=meta)


def finish(entry: Entry, source: ImageSource, shared: dict[str, bytes]) -> list[Result]:
    """The board, in colours that the seed draws, with its questions."""
    assert isinstance(source.reader, ChessReader) and entry.caption is not None
    rng = chance(source.seed, entry.path)
    squares = _squares(entry.caption)
    side = source.reader.size // 8
    image = Image.new("RGB", (8 * side, 8 * side))
    draw = ImageDraw.Draw(image)
    colours = rng.choice(_BOARDS)
    for row in range(8):
        for column in range(8):
            left, top = column * side, row * side
            draw.rectangle((left, top, left + side - 1, top + side - 1), fill=colours[(row + column) % 2])
            letter = squares.get(_square(row, column))
            if letter:
                piece = Image.open(io.BytesIO(shared[letter]), formats=("PNG",))
                image.paste(piece, (left, top), mask=piece)
    questions = _questions(entry.caption, squares, rng, asked=source.reader.squares_asked)
    return [made(entry._replace(questions=questions), image, source=source.name, kind="chess_board", family="natural")]


def _positions(value: Any) -> Iterator[tuple[str, str]]:
    """(FEN, name of the opening or "") of everything in a JSON value: FENs that are keys, or fields called fen."""
    if isinstance(value, dict):
        if isinstance(value.get("fen"), str) and _is_fen(value["fen"]):
            yield value["fen"], str(value.get("name", ""))
        for key, inner in value.items():
            if _is_fen(key):
                yield key, str(inner.get("name", "")) if isinstance(inner, dict) else ""
            else:
                yield from _positions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _positions(inner)


def _is_fen(text: str) -> bool:
    placement = text.split(" ", maxsplit=1)[0]
    if not _PLACEMENT.fullmatch(placement):
        return False
    return all(sum(int(c) if c.isdigit() else 1 for c in rank) == 8 for rank in placement.split("/"))


def _squares(placement: str) -> dict[str, str]:
    """{square: letter of the piece}, such as {"e1": "K"}, in the order of the placement."""
    found = {}
    for row, rank in enumerate(placement.split("/")):
        column = 0
        for char in rank:
            if char.isdigit():
                column += int(char)
            else:
                found[_square(row, column)] = char
                column += 1
    return found


def _square(row: int, column: int) -> str:
    return f"{'abcdefgh'[column]}{8 - row}"


def _questions(
    placement: str, squares: dict[str, str], rng: random.Random, *, asked: int
) -> list[tuple[str, list[str], str]]:
    """The position, what stands on some squares (half of them taken), and how many of a kind of piece there are."""
    found = [("What is the position in FEN?", [placement], "fen")]
    free = [square for row in range(8) for column in range(8) if (square := _square(row, column)) not in squares]
    for number in range(asked):
        square = rng.choice(list(squares) if number % 2 == 0 or not free else free)
        letter = squares.get(square)
        answer = f"{_colour(letter)} {_PIECES[letter.lower()]}" if letter else "none"
        found.append((f"Which piece is on {square}?", [answer], "square"))
    letter = rng.choice(sorted(set(squares.values())))
    count = list(squares.values()).count(letter)
    found.append((f"How many {_colour(letter)} {_PIECES[letter.lower()]}s are there?", [str(count)], "count"))
    return found


def _colour(letter: str) -> str:
    return "white" if letter.isupper() else "black"


def _piece(font: ImageFont.FreeTypeFont, sign: str, side: int, *, white: bool) -> bytes:
    """The sign in the middle of a transparent square, light or dark, with a dark outline."""
    if font.getbbox(sign) == font.getbbox("\uffff"):
        raise UserError(f"the font of the chess pieces, {font.getname()[0]}, has no {sign}; choose another")
    light, dark = (255, 255, 255, 255), (20, 20, 20, 255)
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    width = max(1, side // _OUTLINE)
    ImageDraw.Draw(image).text(
        (side / 2, side / 2),
        sign,
        font=font,
        anchor="mm",
        fill=light if white else dark,
        stroke_width=width,
        stroke_fill=dark,
    )
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return stream.getvalue()
