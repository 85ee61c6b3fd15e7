"""Questions on chess positions, answered by the rules of the tools (fc_model/tools); python-chess checks them.

Positions are reached by random legal moves from those of the corpus's openings.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from fc_model.evals.chat.answers import Answer
from fc_model.tools.chess_notation import read_fen, san, square_name, uci, write_fen
from fc_model.tools.chess_rules import EMPTY, Move, Position
from fc_pipeline.reasoning.outside.programs import Programs
from fc_pipeline.reasoning.problem import Desk, Kind, Problem, Redraw

_NAMES = {"p": "pawn", "n": "knight", "b": "bishop", "r": "rook", "q": "queen", "k": "king"}
_WORTH = {"p": 1, "n": 3, "b": 3, "r": 5, "q": 9}
_PIECES = (*(f"{colour} {name}" for colour in ("white", "black") for name in _NAMES.values()), "no piece")
_MOST_PLIES = 60
_MOST_CHECKS = 6


def _mate(desk: Desk) -> Problem:
    position = _walk(
        desk, lambda position, legal: position if any(not replies for _, replies in _checks(position, legal)) else None
    )
    legal = position.legal_moves()
    checks = _checks(position, legal)
    mates = [move for move, replies in checks if not replies]
    if len(mates) > 1 or len(checks) > _MOST_CHECKS:
        raise Redraw("many_mates")
    side = _side(position)
    steps = [f"{side} gives check with {', '.join(san(position, move, legal) for move, _ in checks)}."]
    for move, replies in checks:
        name = san(position, move, legal)
        if replies:
            after = position.after(move)
            steps.append(f"{name} is answered by {san(after, replies[0], replies)}.")
    answer = f"{san(position, mates[0], legal)}#"
    steps.append(f"Nothing answers {answer}")
    question = desk.one_of(
        (
            *("{side} to move and mate in one. Which move is it?", "Which move of {side} mates at once?"),
            *("{side} can end the game with one move. Which one?", "Find the mate in one for {side}."),
        )
    ).format(side=side)
    facts = {"answers": {uci(move): [uci(reply) for reply in replies[:1]] for move, replies in checks}}
    expected = Answer(kind="word", value=answer, chance=1 / len(legal))
    return _problem(desk, "mate", position, question, steps, expected, facts, answer)


def _check(desk: Desk) -> Problem:
    position = _walk(desk, _after_check if desk.random.random() < 0.5 else lambda position, legal: position)
    side, board = _side(position), position.board
    king = square_name(board.index("K" if position.white else "k"))
    givers = [square_name(square) for square in range(64) if _attacks_king(position, square)]
    steps = [f"The {side.lower()} king stands on {king}."]
    if givers:
        names = [f"the {_NAMES[board[_square(name)].lower()]} on {name}" for name in givers]
        steps.append(f"It is attacked by {' and '.join(names)}.")
    else:
        steps.append("No piece of the other side attacks that square.")
    answer = "yes" if givers else "no"
    steps.append(f"In check: {answer}")
    question = desk.one_of(
        (
            *("Is {side} in check? Yes or no.", "{side} is to move. Is its king attacked, yes or no?"),
            *("Does the king of {side} stand in check? Answer yes or no.", "Yes or no: is {side} in check?"),
        )
    ).format(side=side)
    expected = Answer(kind="choice", value=answer, options=("yes", "no"), chance=0.5)
    return _problem(desk, "check", position, question, steps, expected, {"givers": givers}, answer)


def _piece(desk: Desk) -> Problem:
    position = _walk(desk)
    occupied = [square for square, piece in enumerate(position.board) if piece != EMPTY]
    square = desk.random.choice(occupied) if desk.random.random() < 0.85 else desk.random.randrange(64)
    name, rank = square_name(square), square // 8
    field = write_fen(position).split()[0].split("/")[7 - rank]
    read = [f"{square_name(rank * 8 + file)} {_letter(position.board[rank * 8 + file])}" for file in range(8)]
    answer = _piece_name(position.board[square])
    steps = [f"Rank {rank + 1} of the FEN is {field}.", f"Its squares are {', '.join(read)}.", f"{name}: {answer}"]
    question = desk.one_of(
        (
            *("Which piece stands on {square}?", "What is on {square}?", "Name the piece on {square} and its colour."),
            "What stands on the square {square}?",
        )
    ).format(square=name)
    expected = Answer(kind="choice", value=answer, options=_PIECES, chance=1 / len(_PIECES))
    return _problem(desk, "piece", position, question, steps, expected, {"square": name}, answer)


def _material(desk: Desk) -> Problem:
    position = _walk(desk)
    white = desk.random.random() < 0.5
    side = "White" if white else "Black"
    pieces = [piece.lower() for piece in position.board if piece != EMPTY and piece.isupper() is white]
    terms = [(pieces.count(letter), _NAMES[letter], worth) for letter, worth in _WORTH.items() if letter in pieces]
    if not terms:
        raise Redraw("bare_king")
    steps = [f"{count} {name}{'s' * (count > 1)}: {count} * {worth} = {count * worth}" for count, name, worth in terms]
    total = sum(count * worth for count, _, worth in terms)
    steps.append(f"Sum: {' + '.join(str(count * worth) for count, _, worth in terms)} = {total}")
    question = desk.one_of(
        (
            "How many points of material has {side} (pawn 1, knight 3, bishop 3, rook 5, queen 9)?",
            "Count the material of {side}: a pawn is 1, a knight or bishop 3, a rook 5, a queen 9.",
            "With pawn 1, knight and bishop 3, rook 5 and queen 9, what are the pieces of {side} worth?",
            "What is the material of {side} worth: 1 for a pawn, 3 for knight and bishop, 5 for a rook, 9 for a queen?",
        )
    ).format(side=side)
    expected = Answer(kind="number", value=str(total))
    return _problem(desk, "material", position, question, steps, expected, {"white": white}, str(total))


_DRAWS: dict[str, Callable[[Desk], Problem]] = {"mate": _mate, "check": _check, "piece": _piece, "material": _material}
_INTRODUCTIONS = ("Position: {fen}\n", "FEN: {fen}\n", "The position is {fen}.\n", "In the chess position {fen}:\n")


def _draw(desk: Desk) -> Problem:
    return _DRAWS[desk.random.choice(list(_DRAWS))](desk)


def _problem(
    desk: Desk,
    name: str,
    position: Position,
    question: str,
    steps: list[str],
    answer: Answer,
    facts: Mapping[str, Any],
    text: str,
) -> Problem:
    fen = write_fen(position)
    return Problem(
        kind=f"chess/{name}",
        question=desk.one_of(_INTRODUCTIONS).format(fen=fen) + question,
        steps=tuple(steps),
        reply=desk.closing(text),
        answer=answer,
        facts=facts,
        key=(name, fen.split()[0], *facts.values()) if name in ("piece", "material") else (name, fen.split()[0]),
    )


def _walk(
    desk: Desk, chosen: Callable[[Position, list[Move]], Position | None] = lambda position, legal: position
) -> Position:
    """A position on a random way from an opening: the first that is chosen. Raises Redraw where the way has none.

    `chosen` gets a position and its legal moves, and returns it, the one after a move, or None.
    """
    random = desk.random
    position, least = read_fen(random.choice(desk.material.positions)), random.randrange(20)
    for ply in range(_MOST_PLIES):
        legal = position.legal_moves()
        if not legal:
            break
        if ply >= least and (one := chosen(position, legal)) is not None:
            return one
        position = position.after(random.choice(legal))
    raise Redraw("no_such_position")


def _checks(position: Position, legal: list[Move]) -> list[tuple[Move, list[Move]]]:
    """The moves that give check, each with the legal replies to it."""
    after = ((move, position.after(move)) for move in legal)
    return [(move, other.legal_moves()) for move, other in after if other.in_check()]


def _after_check(position: Position, legal: list[Move]) -> Position | None:
    """The position after a move that gives check and is answered."""
    return next((position.after(move) for move, replies in _checks(position, legal) if replies), None)


def _attacks_king(position: Position, square: int) -> bool:
    """Whether the king of the side to move is safe without the piece on a square, and is not with it alone."""
    piece = position.board[square]
    if piece == EMPTY or piece in "Kk" or position.is_own(square):
        return False
    # The board without the other pieces that could attack: what stands between stays, as a pawn of the king's side.
    block = "P" if position.white else "p"
    king = "K" if position.white else "k"
    board = tuple(
        other if place == square or other in (EMPTY, king) else block for place, other in enumerate(position.board)
    )
    return Position(board, position.white, "", None, 0, 1).in_check()


def _side(position: Position) -> str:
    return "White" if position.white else "Black"


def _letter(piece: str) -> str:
    return "empty" if piece == EMPTY else piece


def _piece_name(piece: str) -> str:
    return "no piece" if piece == EMPTY else f"{'white' if piece.isupper() else 'black'} {_NAMES[piece.lower()]}"


def _square(name: str) -> int:
    return "abcdefgh".index(name[0]) + 8 * "12345678".index(name[1])


def _confirms(problem: Problem, programs: Programs) -> bool:
    """python-chess reads the FEN out of the question; of a chain it also checks what it says of moves and squares."""
    fen = re.search(r"(?:[pnbrqkPNBRQK1-8]+/){7}[pnbrqkPNBRQK1-8]+ [wb] \S+ \S+ \d+ \d+", problem.question)
    assert fen is not None
    judged, name, answer = programs.position(fen[0]), problem.kind.partition("/")[2], problem.answer.value
    pieces = judged["pieces"]
    if name == "mate":
        answers = problem.facts["answers"]
        mates = [move for move, replies in answers.items() if not replies]
        legal = all(set(replies) <= set(judged["checks"][move]) for move, replies in answers.items())
        return answers.keys() == judged["checks"].keys() and legal and mates == judged["mates"]
    if name == "check":
        return sorted(judged["checkers"]) == sorted(problem.facts["givers"]) and judged["check"] is (answer == "yes")
    if name == "piece":
        return _piece_name(pieces.get(problem.facts["square"], EMPTY)) == answer
    own = [piece.lower() for piece in pieces.values() if piece.isupper() is problem.facts["white"]]
    return sum(_WORTH.get(piece, 0) for piece in own) == int(answer)


CHESS = Kind(_draw, _confirms)
