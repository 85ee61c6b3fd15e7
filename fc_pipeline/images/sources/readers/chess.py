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
from fc_pipeline.images.sources.entry import Dropped, Entry, Result, chance, made, png
from fc_pipeline.images.sources.files import OpenFiles, whole
from fc_pipeline.images.sources.schema import ChessReader, ImageSource

_PLACEMENT = re.compile(r"[pnbrqkPNBRQK1-8]{1,8}(/[pnbrqkPNBRQK1-8]{1,8}){7}")
_PIECES = {"k": "king", "q": "queen", "r": "rook", "b": "bishop", "n": "knight", "p": "pawn"}
_EMPTY = "."
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
            positions = list(_positions(json.loads(whole(file, source))))
        except (ValueError, RecursionError) as error:
            raise UserError(f"images {source.name}: {file.path} is not JSON ({error})") from error
        for fen, name in positions:
            placement = fen.split()[0]
            path = placement.replace("/", "-")
            if placement in seen:
                yield Dropped(path, "repeated")
                continue
            seen.add(placement)
            meta = {"fen": fen, "file": file.path} | ({"name": name} if name else {})
            yield Entry(path, b"", file.licence, "chess_board", caption=placement, meta=meta)


def finish(entry: Entry, source: ImageSource, shared: dict[str, bytes]) -> list[Result]:
    """The board, in colours that the seed draws, with its questions."""
    assert isinstance(source.reader, ChessReader) and entry.caption is not None
    rng = chance(source.seed, entry.path)
    side = source.reader.size // 8
    image = Image.new("RGB", (8 * side, 8 * side))
    draw = ImageDraw.Draw(image)
    colours = rng.choice(_BOARDS)
    for row, letters in enumerate(_rows(entry.caption)):
        for column, letter in enumerate(letters):
            left, top = column * side, row * side
            draw.rectangle((left, top, left + side - 1, top + side - 1), fill=colours[(row + column) % 2])
            if letter != _EMPTY:
                piece = Image.open(io.BytesIO(shared[letter]), formats=("PNG",))
                image.paste(piece, (left, top), mask=piece)
    questions = _questions(entry.caption, rng, asked=source.reader.squares_asked)
    if not source.reader.position_asked:
        questions = questions[1:]
    return [made(entry._replace(questions=questions), image, source=source.name)]


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
    return _PLACEMENT.fullmatch(placement) is not None and all(len(row) == 8 for row in _rows(placement))


def _rows(placement: str) -> list[str]:
    """The eight rows of a board from rank 8 down, a letter a square."""
    return re.sub(r"\d", lambda digit: _EMPTY * int(digit[0]), placement).split("/")


def _questions(placement: str, rng: random.Random, *, asked: int) -> list[tuple[str, list[str], str]]:
    """The position, what stands on some squares (half of them taken), and how many of a kind of piece there are."""
    letters = "".join(_rows(placement))
    taken, free = ([n for n, letter in enumerate(letters) if (letter == _EMPTY) == empty] for empty in (False, True))
    questions = [("What is the position in FEN?", [placement], "fen")]
    for number in range(asked):
        square = rng.choice(taken if number % 2 == 0 or not free else free)
        answer = "none" if letters[square] == _EMPTY else _name(letters[square])
        questions.append((f"Which piece is on {'abcdefgh'[square % 8]}{8 - square // 8}?", [answer], "square"))
    letter = rng.choice(sorted(set(letters) - {_EMPTY}))
    questions.append((f"How many {_name(letter)}s are there?", [str(letters.count(letter))], "count"))
    return questions


def _name(letter: str) -> str:
    return f"{'white' if letter.isupper() else 'black'} {_PIECES[letter.lower()]}"


def _piece(font: ImageFont.FreeTypeFont, sign: str, side: int, *, white: bool) -> bytes:
    """The sign in the middle of a transparent square, light or dark, with a dark outline."""
    if font.getbbox(sign) == font.getbbox("\uffff"):
        raise UserError(f"the font of the chess pieces, {font.getname()[0]}, has no {sign}; choose another")
    light, dark = (255, 255, 255, 255), (20, 20, 20, 255)
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    ImageDraw.Draw(image).text(
        (side / 2, side / 2),
        sign,
        font=font,
        anchor="mm",
        fill=light if white else dark,
        stroke_width=max(1, side // _OUTLINE),
        stroke_fill=dark,
    )
    return png(image)
