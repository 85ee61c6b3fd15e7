"""Topics of chess, in positions that legal moves lead to."""

from random import Random

from fc_pipeline.tool_dialogues.topics.topic import Chain, Drawn, Missing, Topic
from fc_pipeline.tool_dialogues.values import Values

_SQUARES = [file + rank for file in "abcdefgh" for rank in "12345678"]


def _position(random: Random, values: Values) -> Drawn:
    _, fen = random.choice(random.choice(values.games))
    return Drawn({"fen": fen}, {"fen": fen})


def _move(random: Random, values: Values) -> Drawn:
    """A move that was played in the position, or one between any two squares."""
    game = random.choice(values.games)
    place = random.randrange(len(game) - 1)
    fen, move = game[place][1], game[place + 1][0]
    if random.random() < 0.5:
        move = "".join(random.sample(_SQUARES, 2))
    return Drawn({"fen": fen, "move": move}, {"fen": fen, "move": move})


def _moves(random: Random, values: Values) -> Drawn:
    game = random.choice(values.games)
    moves = [move for move, _ in game[: random.randint(2, 8)]]
    return Drawn({"moves": moves}, {"moves": " ".join(moves)})


TOPICS = (
    Topic(
        "chess_legal_moves",
        (
            *("Which moves are legal in {fen}?", "How many legal moves are there in {fen}?", "List the moves of {fen}"),
            *("What can be played in {fen}?", "Legal moves for {fen}?", "In the position {fen}, what are the moves?"),
            *("Show me all legal moves: {fen}", "Count the legal moves in {fen}"),
        ),
        ("There are {count} legal moves: {moves}.", "{count} moves: {moves}.", "One can play {moves}: {count} moves."),
        _position,
        Missing(
            "fen",
            ("Which moves are legal in my position?", "How many moves do I have?"),
            ("What is the position, as FEN?", "Which position?", "Please give me the FEN."),
        ),
    ),
    Topic(
        "chess_check_move",
        (
            *("Is {move} legal in {fen}?", "Can I play {move} in {fen}?", "In {fen}, is {move} a legal move?"),
            *("Check the move {move} in {fen}", "May {move} be played here: {fen}?", "{move} in {fen}, legal or not?"),
            *("The position is {fen}. Is {move} allowed?", "Would {move} be legal in {fen}?"),
        ),
        ("{move} is {verdict}.", "That move is {verdict}.", "In this position {move} is {verdict}."),
        _move,
        Missing(
            "move",
            ("Is my move legal in {fen}?", "Check a move in {fen}"),
            ("Which move?", "What is the move?", "Which move shall I check?"),
        ),
        lambda result, slots: {"verdict": "legal" if result["legal"] else "not legal"},
    ),
    Topic(
        "chess_play_moves",
        (
            *("What is the position after {moves}?", "Play {moves} and show the position.", "FEN after {moves}?"),
            *("Set up the game {moves}", "Whose turn is it after {moves}?", "Where do the moves {moves} lead?"),
            *("Give me the position that comes of {moves}", "From the start: {moves}. What is the FEN?"),
        ),
        ("The position is {fen}; {to_move} is to move.", "{fen}, {to_move} to move.", "{to_move} moves next: {fen}"),
        _moves,
        Missing(
            "moves",
            ("What is the position after my moves?", "Play some moves from the start."),
            ("Which moves?", "What are the moves?", "Please list the moves."),
        ),
    ),
)

CHAINS = (
    Chain(
        ("chess_play_moves", "chess_legal_moves"),
        (
            *("How many legal moves are there after {moves}?", "Count the legal moves after {moves}"),
            *("After {moves}, how many moves are possible?", "Play {moves} and count the replies."),
            *("The game went {moves}. How many legal moves has the next player?",),
        ),
        ("There are {count}.", "{count} moves.", "{count} legal moves for {first_to_move}."),
        _moves,
        lambda drawn, result: {"fen": result["fen"]},
    ),
)
