"""python-chess, in a process of its own (process.py): what it says of a position."""

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any


def judge_position(*, folder: str, fen: str) -> dict[str, Any]:
    """{"check", "checkers", "checks", "mates", "legal", "pieces"}.

    `checkers` are the squares of the pieces that give check; `checks` are the legal moves that give check, as
    {UCI: UCI of the replies}, and `mates` those without a reply; `legal` counts the legal moves; `pieces` has the
    letter of FEN on each square that is not empty.
    """
    chess = _chess(folder)
    board = chess.Board(fen)
    checks: dict[str, list[str]] = {}
    moves = list(board.legal_moves)
    for move in moves:
        if board.gives_check(move):
            board.push(move)
            checks[move.uci()] = [reply.uci() for reply in board.legal_moves]
            board.pop()
    return {
        "check": board.is_check(),
        "checkers": [chess.square_name(square) for square in board.checkers()],
        "checks": checks,
        "mates": [move for move, replies in checks.items() if not replies],
        "legal": len(moves),
        "pieces": {chess.square_name(square): piece.symbol() for square, piece in board.piece_map().items()},
    }


@cache
def _chess(folder: str) -> ModuleType:
    sys.path.insert(0, folder)
    return importlib.import_module("chess")
