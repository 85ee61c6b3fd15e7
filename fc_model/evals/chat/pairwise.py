"""Which of two replies to the same prompt is better, and how often one model's is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from fc_model.evals.chat.instructions import Instruction
from fc_model.evals.chat.replies import Written
from fc_model.evals.samples import repetition

Verdict = Literal["first", "second", "tie"]
LOOP = 0.2
"""Share of repeated runs of four words from which a reply counts as a loop."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What the user says, and what of the reply a program can check."""

    id: str
    text: str
    instructions: tuple[Instruction, ...] = ()


class Judge(Protocol):
    """Decides between two replies, whichever stands first."""

    def __call__(self, prompt: Prompt, first: Written, second: Written) -> Verdict: ...


def judge_by_rules(prompt: Prompt, first: Written, second: Written) -> Verdict:
    """The one with more points; see `points`. It does not judge what is said: only these rules."""
    ahead = points(prompt, first) - points(prompt, second)
    return "tie" if ahead == 0 else "first" if ahead > 0 else "second"


def points(prompt: Prompt, reply: Written) -> int:
    """One for each instruction that is followed (strict), one for a reply that is no loop, one for an ended turn.

    A reply without text has none.
    """
    if not reply.text.strip():
        return 0
    followed = sum(one.followed_by(reply.text) for one in prompt.instructions)
    numbers: dict[str, int] = {}
    words = [numbers.setdefault(word, len(numbers)) for word in reply.text.lower().split()]
    return followed + (repetition([words]) < LOOP) + reply.ended


def both_orders(forward: Verdict, backward: Verdict) -> Verdict:
    """One verdict of two by the same judge, the second with the replies exchanged; a disagreement is a tie."""
    exchanged: dict[Verdict, Verdict] = {"first": "second", "second": "first", "tie": "tie"}
    return forward if forward == exchanged[backward] else "tie"


def verdict_shares(verdicts: Sequence[Verdict]) -> dict[str, list[float]]:
    """Values of a prompt each: `wins`, `losses`, `ties`; and `wins_of_decided`, of those that are no tie."""
    return {
        "wins": [float(verdict == "first") for verdict in verdicts],
        "losses": [float(verdict == "second") for verdict in verdicts],
        "ties": [float(verdict == "tie") for verdict in verdicts],
        "wins_of_decided": [float(verdict == "first") for verdict in verdicts if verdict != "tie"],
    }
