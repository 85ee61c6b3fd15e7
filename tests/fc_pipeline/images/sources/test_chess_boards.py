"""Boards show the position that their caption and questions speak of."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from factories.image_artifacts import images, records

from fc_model.artifacts import Artifact
from fc_model.errors import UserError

FONT = {"kind": "installed", "distribution": "matplotlib", "licence": "Bitstream-Vera"}
SANS = "matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf"
START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR"
POSITIONS = {
    "openings": {f"{START} w KQkq - 0 1": {"name": "Start"}, "7/8/8/8/8/8/8/8 w - -": {"name": "a short rank"}},
    "puzzles": [{"fen": "8/8/4k3/8/8/4K3/4P3/8 w - - 0 1"}, {"fen": f"{START} b"}, {"fen": "no position"}, {"id": 3}],
}
NAMES = {"p": "pawn", "n": "knight", "b": "bishop", "r": "rook", "q": "queen", "k": "king"}


@pytest.fixture
def boards(fetch: Callable[..., Artifact], package: Callable[..., dict[str, Any]]) -> Callable[..., Artifact]:
    content = {"pos/all.json": json.dumps(POSITIONS).encode()}
    positions = package("pos-1.0-py3-none-any.whl", content, files={"positions": "pos/*.json"})

    def run(font: str = SANS, **reader: Any) -> Artifact:
        origins = [positions, {**FONT, "files": {"font": font}}]
        reader = {"kind": "chess", "size": 192, "squares_asked": 8, **reader}
        return fetch({"name": "boards", "licence": "CC0-1.0", "origins": origins, "reader": reader, "holdout": 0})

    return run


def squares_of(placement: str) -> dict[str, str]:
    """{"e1": "K"} with "." for what is empty: the FEN read the slow way."""
    for digit in "12345678":
        placement = placement.replace(digit, "." * int(digit))
    rows = placement.split("/")
    return {f"{'abcdefgh'[column]}{8 - row}": rows[row][column] for row in range(8) for column in range(8)}


def test_questions_are_answered_by_the_position(boards: Callable[..., Artifact]) -> None:
    artifact = boards()
    assert artifact.manifest.counters.dropped == {"repeated": 1}
    drawn = list(records(artifact).values())
    assert [record.caption for record in drawn] == [START, "8/8/4k3/8/8/4K3/4P3/8"]
    assert drawn[0].meta["name"] == "Start" and drawn[0].meta["fen"] == f"{START} w KQkq - 0 1"
    kinds = []
    for record in drawn:
        assert record.caption is not None and record.family == "natural"
        squares = squares_of(record.caption)
        for question in record.questions:
            kinds.append(question.kind)
            (answer,) = question.answers
            words = question.question.rstrip("?").split()
            if question.kind == "fen":
                assert answer == record.caption
            elif question.kind == "square":
                letter = squares[words[-1]]
                colour = "white" if letter.isupper() else "black"
                assert answer == ("none" if letter == "." else f"{colour} {NAMES[letter.lower()]}")
            else:
                letter = {name: each for each, name in NAMES.items()}[words[3].removesuffix("s")]
                letter = letter.upper() if words[2] == "white" else letter
                assert answer == str(list(squares.values()).count(letter))
    assert kinds.count("square") == 16 and kinds.count("count") == 2


def test_pieces_stand_on_the_squares_of_the_caption(boards: Callable[..., Artifact]) -> None:
    artifact = boards()
    looks: dict[tuple[int, str, bool], set[bytes]] = {}
    dark: dict[str, list[int]] = {}
    for number, record in enumerate(records(artifact).values()):
        (image,) = images(artifact, number)
        assert image.size == (192, 192) and record.caption is not None
        for square, letter in squares_of(record.caption).items():
            column, row = "abcdefgh".index(square[0]), 8 - int(square[1])
            field = image.crop((column * 24, row * 24, column * 24 + 24, row * 24 + 24))
            looks.setdefault((number, letter, (column + row) % 2 == 0), set()).add(field.tobytes())
            dark.setdefault(letter, []).append(sum(value < 60 for value in field.convert("L").tobytes()))
    assert all(len(same) == 1 for same in looks.values())
    for number in range(2):
        board = [same for (its_number, _, _), same in looks.items() if its_number == number]
        assert len(board) >= 5 and len(set.union(*board)) == len(board)
    assert set(dark["."]) == {0}
    assert all(min(dark[letter]) > 1.2 * max(dark[letter.upper()]) > 0 for letter in NAMES), dark


def test_a_font_without_chess_signs_is_refused(boards: Callable[..., Artifact]) -> None:
    with pytest.raises(UserError, match=r"the font of the chess pieces, .*, has no .; choose another"):
        boards(font="matplotlib/mpl-data/fonts/ttf/cmr10.ttf")
    with pytest.raises(UserError, match=r"images boards: matplotlib/__init__\.py is no font"):
        boards(font="matplotlib/__init__.py")


def test_the_whole_position_is_asked_for_where_answers_may_be_long(boards):
    asked = [
        {question.kind for record in records(boards(position_asked=long)).values() for question in record.questions}
        for long in (True, False)
    ]
    assert asked[0] - asked[1] == {"fen"} and "square" in asked[1]
