"""What annotations of several sets share: parts, texts of several people, questions with several answers."""

from collections import Counter
from collections.abc import Iterable, Set
from typing import Any, NamedTuple

from fc_model.data.images.record import Question, Split


def split_of(name: str) -> Split:
    """train for a set's training part; its validation and test parts are held out."""
    return "train" if "train" in name.lower() else "holdout"


class Asked(NamedTuple):
    questions: list[Question]
    unanswered: int
    """Questions that were left out: nobody answered (the test parts of most sets), or most people marked it."""


def distinct(texts: Iterable[str]) -> list[str]:
    """Each text once, without surrounding white space, in order; without empty ones."""
    return [text for text in dict.fromkeys(text.strip() for text in texts) if text]


def by_votes(answers: Iterable[str], marks: Set[str] = frozenset()) -> list[str]:
    """Each answer once, without surrounding white space, the most frequent first (then by its first place).

    `marks`, in lower case, are what stands where a person has no answer. They are no answers; where more people
    marked than answered, there is none.
    """
    votes = Counter(answer.strip() for answer in answers)
    del votes[""]
    marked = {answer: count for answer, count in votes.items() if answer.casefold().rstrip(".") in marks}
    if 2 * sum(marked.values()) > votes.total():
        return []
    return [answer for answer, _ in votes.most_common() if answer not in marked]


def asked(entries: Iterable[tuple[str, list[str], str]], *, marks: Set[str] = frozenset()) -> Asked:
    """Questions from (question, answers, kind), without `marks` (see `by_votes`).

    Raises TypeError for answers that are no list.
    """
    questions: list[Question] = []
    unanswered = 0
    for question, answers, kind in entries:
        if not isinstance(answers, list):
            raise TypeError(f"answers are a {type(answers).__name__}, not a list")
        ranked = by_votes(answers, marks)
        if ranked and question.strip():
            questions.append(Question(question=question.strip(), answers=ranked, kind=kind))
        else:
            unanswered += 1
    return Asked(questions, unanswered)


def extractive(entries: Iterable[dict[str, Any]], *, marks: Set[str] = frozenset()) -> Asked:
    """Questions from the fields `question` and `answers`, which are words of the image; `marks` as in `by_votes`."""
    return asked(((entry["question"], entry.get("answers") or [], "extractive") for entry in entries), marks=marks)
