"""Chess: what may be played in a position, and where moves lead."""

from typing import Any

from fc_model.tools.chess_notation import START, read_fen, read_move, san, uci, write_fen
from fc_model.tools.chess_rules import Position
from fc_model.tools.tool import BOOLEAN, TEXT, Tool, ToolError, array, described, record

_FEN = described({"type": "string", "maxLength": 100}, "FEN; without it the start of a game")
_MOVE = described({"type": "string", "minLength": 2, "maxLength": 12}, "such as e2e4 or Nf3")


def chess_legal_moves(fen: str = START) -> dict[str, Any]:
    position = read_fen(fen)
    legal = position.legal_moves()
    return {
        "moves": [san(position, move, legal) for move in legal],
        "count": len(legal),
        "state": _state(position),
    }


def chess_check_move(move: str, fen: str = START) -> dict[str, Any]:
    """Whether a move is legal; if so, in both notations, else why not."""
    position = read_fen(fen)
    try:
        legal_move = read_move(position, move)
    except ToolError as error:
        return {"legal": False, "reason": str(error)}
    return {"legal": True, "uci": uci(legal_move), "san": san(position, legal_move, position.legal_moves())}


def chess_play_moves(moves: list[str], fen: str = START) -> dict[str, Any]:
    """The position after moves. Raises ToolError, which names the first move that is not legal."""
    position = read_fen(fen)
    for number, move in enumerate(moves, 1):
        try:
            position = position.after(read_move(position, move))
        except ToolError as error:
            raise ToolError(f"move {number}: {error}") from error
    return {"fen": write_fen(position), "to_move": "white" if position.white else "black", "state": _state(position)}


def _state(position: Position) -> str:
    check = position.in_check()
    if not position.legal_moves():
        return "checkmate" if check else "stalemate"
    return "check" if check else "open"


TOOLS = (
    Tool(
        name="chess_legal_moves",
        description="Lists the legal moves of a chess position.",
        parameters=record({}, optional={"fen": _FEN}),
        executor=chess_legal_moves,
        result=record({"moves": array(TEXT), "count": {"type": "integer"}, "state": TEXT}),
    ),
    Tool(
        name="chess_check_move",
        description="Tells whether a move is legal in a chess position.",
        parameters=record({"move": _MOVE}, optional={"fen": _FEN}),
        executor=chess_check_move,
        result=record({"legal": BOOLEAN}, optional={"uci": TEXT, "san": TEXT, "reason": TEXT}),
    ),
    Tool(
        name="chess_play_moves",
        description="The chess position after some moves, and whether it is check, checkmate or stalemate.",
        parameters=record({"moves": array(_MOVE, most=60)}, optional={"fen": _FEN}),
        executor=chess_play_moves,
        result=record({"fen": TEXT, "to_move": TEXT, "state": TEXT}),
    ),
)
