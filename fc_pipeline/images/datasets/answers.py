"""Questions with the answers of one or several people."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from fc_model.data.images.record import Question


class Asked(NamedTuple):
    questions: list[Question]
    unanswered: int
    """Questions that were left out, since no answer to them has any text (the test parts of most sets)."""


def by_votes(answers: Iterable[str]) -> list[str]:
    """Each answer once, without surrounding white space, the most frequent first (then by its first place)."""
    votes = Counter(answer.strip() for answer in answers)
    del votes[""]
    return [answer for answer, _ in votes.most_common()]


def asked(entries: Iterable[tuple[str, list[str]]], *, kind: str) -> Asked:
    """Questions from (question, answers). Raises TypeError for answers that are no list."""
    questions: list[Question] = []
    unanswered = 0
    for question, answers in entries:
        if not isinstance(answers, list):
            raise TypeError(f"answers are a {type(answers).__name__}, not a list")
        known = by_votes(answers)
        if known and question.strip():
            questions.append(Question(question=question.strip(), answers=known, kind=kind))
        else:
            unanswered += 1
    return Asked(questions, unanswered)
