"""The rules by perft: the number of games of a length, as published on chessprogramming.org; and known mistakes."""

from collections.abc import Callable

import pytest

from fc_model.tools.call import Outcome
from fc_model.tools.chess_notation import START, read_fen, uci, write_fen
from fc_model.tools.chess_rules import Position
from fc_model.tools.tool import ToolError

KIWIPETE = "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1"


def perft(position: Position, depth: int) -> int:
    moves = position.legal_moves()
    return len(moves) if depth == 1 else sum(perft(position.after(move), depth - 1) for move in moves)


@pytest.mark.parametrize(
    ("fen", "counts"),
    [
        (START, [20, 400, 8902]),
        (KIWIPETE, [48, 2039]),
        ("8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", [14, 191, 2812]),  # en passant
        ("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", [6, 264]),  # promotion
        ("rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", [44, 1486]),
        ("r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10", [46, 2079]),
    ],
)
def test_perft(fen: str, counts: list[int]) -> None:
    position = read_fen(fen)
    assert write_fen(position) == fen
    assert [perft(position, depth) for depth in range(1, len(counts) + 1)] == counts


@pytest.mark.parametrize(
    ("fen", "move", "legal"),
    [
        ("8/8/8/r2Pp2K/8/8/4k3/8 w - e6 0 1", "d5e6", False),  # niklasf/python-chess#70: two pawns leave the rank
        ("rnbqk2r/pppPppbp/5np1/8/8/8/PPPP1PPP/RNBQKBNR b KQkq - 0 4", "O-O", False),  # thomasahle/sunfish#66
        ("r3k3/8/8/8/8/8/8/1R2K3 b q - 0 1", "O-O-O", True),  # stannous/shatranj#2: only b8 is attacked
        ("r3k3/8/8/8/8/8/8/3RK3 b q - 0 1", "O-O-O", False),
        ("8/6k1/8/8/2Pp4/8/1B6/6K1 b - c3 0 1", "dxc3", True),  # dylhunn/dragontoothmg#4: along the pin
        ("7k/P7/8/8/8/8/8/K7 w - - 0 1", "a8", False),  # to what?
        ("7k/P7/8/8/8/8/8/K7 w - - 0 1", "a8=N", True),
        ("7k/P7/8/8/8/8/8/K7 w - - 0 1", "a7a8q", True),
    ],
)
def test_rare_moves(fen: str, move: str, legal: bool, run: Callable[..., Outcome]) -> None:
    assert run("chess_check_move", move=move, fen=fen).value["legal"] is legal


def test_the_captured_rook_takes_the_right_along(run: Callable[..., Outcome]) -> None:
    value = run("chess_play_moves", moves=["Rxa8+"], fen="r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1").value
    assert value == {"fen": "R3k2r/8/8/8/8/8/8/4K2R b Kk - 0 1", "to_move": "black", "state": "check"}


def test_three_knights_are_told_apart(run: Callable[..., Outcome]) -> None:
    fen = "7k/8/8/8/8/2N5/8/K1N3N1 w - - 0 1"
    moves = run("chess_legal_moves", fen=fen).value["moves"]
    assert {"Nc1e2", "N3e2", "Nge2"} <= set(moves)  # by the file, else by the rank, else by both
    assert len(set(moves)) == len(moves)
    for move in moves:
        assert run("chess_check_move", move=move, fen=fen).value["san"] == move


def test_every_move_is_read_in_both_notations(run: Callable[..., Outcome]) -> None:
    moves = run("chess_legal_moves", fen=KIWIPETE).value["moves"]
    answers = [run("chess_check_move", move=move, fen=KIWIPETE).value for move in moves]
    assert [answer["uci"] for answer in answers] == list(map(uci, read_fen(KIWIPETE).legal_moves()))
    for answer in answers:
        assert run("chess_check_move", move=answer["uci"], fen=KIWIPETE).value == answer


@pytest.mark.parametrize(
    ("fen", "line"),
    [
        ("", "no position in Forsyth-Edwards notation"),
        ("x" * 90, "no position"),
        (START.replace("KQkq", ""), "no position"),
        (START.replace("rnbqkbnr", "rnbqkbnr1"), "8 ranks of 8 squares"),
        (START.replace("8/8/", "8/"), "8 ranks"),
        ("4k3/8/8/8/8/8/8/P3K3 w - - 0 1", "a pawn stands on the first or the last rank"),
        ("4k3/8/8/8/8/8/8/4K3 w K - 0 1", "the right to castle K"),
        ("4k3/8/8/8/8/8/8/4K3 w - e6 0 1", "no pawn has jumped over e6"),
        ("4k3/8/8/8/8/8/4Q3/4K3 w - - 0 1", "the side that is not to move is in check"),
        ("4k3/8/8/8/8/8/8/4KK2 w - - 0 1", "one king of each side"),
    ],
)
def test_positions_that_no_game_reaches(fen: str, line: str) -> None:
    with pytest.raises(ToolError, match=line):
        read_fen(fen)
