"""Positions as FEN, moves as UCI (e2e4, e7e8q) and as SAN (Nf3, exd5, O-O), after the PGN standard of 1994."""

import re

from fc_model.tools.chess_rules import EMPTY, KINGS, ROOKS, Move, Position
from fc_model.tools.tool import ToolError, shown

START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
_FIELDS = re.compile(
    r"(?P<placement>[pnbrqkPNBRQK1-8/]{15,71}) (?P<side>[wb]) (?P<castling>-|K?Q?k?q?) (?P<passed>-|[a-h][36])"
    r"( (?P<half>[0-9]{1,4}) (?P<number>[0-9]{1,4}))?"
)


def read_fen(text: str) -> Position:
    """The position. Move counters may be left out.

    Raises:
        ToolError: it is no FEN, or no game reaches the position: kings, pawns on the first or last rank, rights to
            castle without king and rook in place, an en passant square without its pawn, or the side that has moved
            is in check.
    """
    fields = _FIELDS.fullmatch(text)
    if fields is None or fields["castling"] == "":
        raise ToolError(f"{shown(text, most=100)} is no position in Forsyth-Edwards notation (FEN)")
    position = Position(
        board=_read_placement(fields["placement"]),
        white=fields["side"] == "w",
        castling=fields["castling"].strip("-"),
        en_passant=None if fields["passed"] == "-" else read_square(fields["passed"]),
        half_moves=int(fields["half"] or 0),
        number=int(fields["number"] or 1),
    )
    _check(position)
    return position


def write_fen(position: Position) -> str:
    ranks = ["".join(position.board[rank * 8 : rank * 8 + 8]) for rank in reversed(range(8))]
    placement = re.sub(r"\.+", lambda run: str(len(run.group())), "/".join(ranks))
    passed = "-" if position.en_passant is None else square_name(position.en_passant)
    side, castling = "w" if position.white else "b", position.castling or "-"
    return f"{placement} {side} {castling} {passed} {position.half_moves} {position.number}"


def square_name(square: int) -> str:
    return "abcdefgh"[square % 8] + "12345678"[square // 8]


def read_square(name: str) -> int:
    return "abcdefgh".index(name[0]) + 8 * "12345678".index(name[1])


def uci(move: Move) -> str:
    return square_name(move.start) + square_name(move.end) + move.promotion


def san(position: Position, move: Move, legal: list[Move]) -> str:
    """A legal move without its sign of check."""
    piece, end = position.board[move.start].upper(), square_name(move.end)
    if piece == "K" and abs(move.end - move.start) == 2:
        return "O-O" if move.end > move.start else "O-O-O"
    captures = position.board[move.end] != EMPTY or (piece == "P" and move.end == position.en_passant)
    origin = square_name(move.start)
    if piece == "P":
        promotion = f"={move.promotion.upper()}" if move.promotion else ""
        return f"{origin[0]}x{end}{promotion}" if captures else f"{end}{promotion}"
    rivals = [
        square_name(other.start)
        for other in legal
        if other.end == move.end and other.start != move.start and position.board[other.start].upper() == piece
    ]
    if not rivals:
        origin = ""
    elif all(rival[0] != origin[0] for rival in rivals):
        origin = origin[0]
    elif all(rival[1] != origin[1] for rival in rivals):
        origin = origin[1]
    return f"{piece}{origin}{'x' if captures else ''}{end}"


def read_move(position: Position, text: str) -> Move:
    """A legal move in UCI or SAN; signs of check and comment (+ # ! ?) are ignored. Raises ToolError for any other."""
    bare, legal = text.rstrip("+#!?").replace("0", "O"), position.legal_moves()
    for move in legal:
        if bare in (uci(move), san(position, move, legal)):
            return move
    raise ToolError(f"{shown(text)} is no legal move in {write_fen(position)}")


def _read_placement(text: str) -> tuple[str, ...]:
    ranks = [re.sub("[1-8]", lambda run: EMPTY * int(run.group()), rank) for rank in text.split("/")]
    if [len(rank) for rank in ranks] != [8] * 8:
        raise ToolError("a FEN has 8 ranks of 8 squares")
    return tuple("".join(reversed(ranks)))


def _check(position: Position) -> None:
    board, white = position.board, position.white
    if board.count("K") != 1 or board.count("k") != 1:
        raise ToolError("a position has one king of each side")
    if {"P", "p"} & {*board[:8], *board[56:]}:
        raise ToolError("a pawn stands on the first or the last rank")
    for right in position.castling:
        king, rook = ("K", "R") if right.isupper() else ("k", "r")
        if board[KINGS[right]] != king or board[ROOKS[right]] != rook:
            raise ToolError(f"the right to castle {right} needs king and rook in their places")
    square, forward = position.en_passant, 8 if white else -8
    if square is not None:
        pawn, rank = ("p", 5) if white else ("P", 2)
        if square // 8 != rank or board[square - forward] != pawn or board[square] != EMPTY:
            raise ToolError(f"no pawn has jumped over {square_name(square)}")
    other = Position(board, not white, "", None, 0, 1)
    if other.in_check():
        raise ToolError("the side that is not to move is in check")
