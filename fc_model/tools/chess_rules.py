"""The rules of chess (FIDE Laws, article 3): legal moves, and the position after one.

Squares are numbers from 0 (a1) over 1 (b1) to 63 (h8). Pieces are the letters of FEN, upper case for White.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

EMPTY = "."
_STRAIGHT = ((1, 0), (-1, 0), (0, 1), (0, -1))
_DIAGONAL = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_KNIGHT = ((1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2))
_STEPS = {"b": _DIAGONAL, "r": _STRAIGHT, "q": _STRAIGHT + _DIAGONAL, "n": _KNIGHT, "k": _STRAIGHT + _DIAGONAL}
"""(files, ranks) of one step of a piece."""
_SLIDING = "brq"
_PROMOTIONS = ("q", "r", "b", "n")
KINGS = {"K": 4, "Q": 4, "k": 60, "q": 60}
ROOKS = {"K": 7, "Q": 0, "k": 63, "q": 56}
"""Where king and rook of each right to castle stand."""


class Move(NamedTuple):
    start: int
    end: int
    promotion: str = ""
    """q, r, b or n for a pawn that reaches the last rank."""


@dataclass(frozen=True)
class Position:
    board: tuple[str, ...]
    """64 letters, EMPTY where no piece stands."""
    white: bool
    """Whose move it is."""
    castling: str
    """Of KQkq those rights that are left."""
    en_passant: int | None
    """The square that a pawn has just jumped over."""
    half_moves: int
    """Since the last capture or move of a pawn."""
    number: int
    """Of the move, from 1, counted on after Black's."""

    def is_own(self, square: int) -> bool:
        piece = self.board[square]
        return piece != EMPTY and piece.isupper() == self.white

    def in_check(self) -> bool:
        return _is_attacked(self.board, self.board.index("K" if self.white else "k"), by_white=not self.white)

    def legal_moves(self) -> list[Move]:
        """In the order of their squares."""
        return sorted(move for move in self._moves() if not self._leaves_king(move))

    def after(self, move: Move) -> "Position":
        """The position after a legal move."""
        board, piece = list(self.board), self.board[move.start]
        is_pawn, forward = piece in "Pp", 8 if self.white else -8
        captures = board[move.end] != EMPTY
        board[move.start], board[move.end] = EMPTY, piece
        if move.promotion:
            board[move.end] = move.promotion.upper() if self.white else move.promotion
        if is_pawn and move.end == self.en_passant:
            board[move.end - forward] = EMPTY
        if piece in "Kk" and abs(move.end - move.start) == 2:
            corner, beside = (move.end + 1, move.end - 1) if move.end > move.start else (move.end - 2, move.end + 1)
            board[beside], board[corner] = board[corner], EMPTY
        touched = {move.start, move.end}
        return Position(
            board=tuple(board),
            white=not self.white,
            castling="".join(right for right in self.castling if not touched & {KINGS[right], ROOKS[right]}),
            en_passant=move.start + forward if is_pawn and move.end - move.start == 2 * forward else None,
            half_moves=0 if is_pawn or captures else self.half_moves + 1,
            number=self.number + (not self.white),
        )

    def _is_other(self, square: int) -> bool:
        return self.board[square] != EMPTY and not self.is_own(square)

    def _leaves_king(self, move: Move) -> bool:
        board = self.after(move).board
        return _is_attacked(board, board.index("K" if self.white else "k"), by_white=not self.white)

    def _moves(self) -> Iterator[Move]:
        """Moves of the pieces, also such as leave the king in check."""
        for square in filter(self.is_own, range(64)):
            piece = self.board[square].lower()
            if piece == "p":
                yield from self._pawn_moves(square)
                continue
            for step in _STEPS[piece]:
                for end in _ray(square, step, sliding=piece in _SLIDING):
                    if not self.is_own(end):
                        yield Move(square, end)
                    if self.board[end] != EMPTY:
                        break
        yield from self._castlings()

    def _pawn_moves(self, square: int) -> Iterator[Move]:
        forward, first = (1, 1) if self.white else (-1, 6)
        ends = []
        [ahead] = _ray(square, (0, forward), sliding=False)
        if self.board[ahead] == EMPTY:
            ends.append(ahead)
            if square // 8 == first and self.board[ahead + 8 * forward] == EMPTY:
                ends.append(ahead + 8 * forward)
        for side in (-1, 1):
            diagonal = _ray(square, (side, forward), sliding=False)
            ends += [end for end in diagonal if end == self.en_passant or self._is_other(end)]
        for end in ends:
            for promotion in _PROMOTIONS if end // 8 in (0, 7) else ("",):
                yield Move(square, end, promotion)

    def _castlings(self) -> Iterator[Move]:
        """The squares between king and rook are empty; the king crosses none that is attacked, and is not in check."""
        for right in self.castling:
            king, rook = KINGS[right], ROOKS[right]
            if right.isupper() != self.white:
                continue
            between = range(min(king, rook) + 1, max(king, rook))
            crossed = range(king, king + 3) if rook > king else range(king - 2, king + 1)
            if all(self.board[square] == EMPTY for square in between) and not any(
                _is_attacked(self.board, square, by_white=not self.white) for square in crossed
            ):
                yield Move(king, king + 2 if rook > king else king - 2)


@cache
def _ray(square: int, step: tuple[int, int], *, sliding: bool) -> tuple[int, ...]:
    """Squares of one step, or of all in a direction, up to the edge."""
    squares: list[int] = []
    file, rank = square % 8 + step[0], square // 8 + step[1]
    while 0 <= file < 8 and 0 <= rank < 8 and (sliding or not squares):
        squares.append(rank * 8 + file)
        file, rank = file + step[0], rank + step[1]
    return tuple(squares)


def _is_attacked(board: tuple[str, ...], square: int, *, by_white: bool) -> bool:
    """Seen from the square: what moves like a bishop, say, and meets a bishop is attacked by it."""
    for piece, steps in _STEPS.items():
        attacker = piece.upper() if by_white else piece
        for step in steps:
            for other in _ray(square, step, sliding=piece in _SLIDING):
                if board[other] == attacker:
                    return True
                if board[other] != EMPTY:
                    break
    backward, pawn = (-1, "P") if by_white else (1, "p")
    return any(board[other] == pawn for side in (-1, 1) for other in _ray(square, (side, backward), sliding=False))
