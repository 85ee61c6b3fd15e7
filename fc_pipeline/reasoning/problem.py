"""One problem: a question, a chain of thought, a reply with the answer, and what checks it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, NamedTuple, TypeVar

from fc_model.chat.messages import Conversation, Message
from fc_model.evals.chat.answers import Answer
from fc_pipeline.reasoning.material import Material
from fc_pipeline.reasoning.outside.programs import Programs

T = TypeVar("T")
Side = Literal["train", "holdout"]
_HELD_OUT = 4
"""One in so many templates of each list is for the holdout alone."""
_CLOSINGS = (
    *("The answer is {answer}.", "{answer}", "It is {answer}.", "Answer: {answer}", "So it is {answer}.", "{answer}."),
    *("The result is {answer}.", "That makes {answer}."),
)
"""Around every answer; it stands last, where a reader of replies expects it."""


class Redraw(Exception):
    """What was drawn makes no problem, by reason: draw again."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A problem.

    Attributes:
        kind: family and kind, as table/mean.
        steps: the chain of thought, a line each.
        facts: what the check needs beside the question, as JSON.
        key: what makes it this problem and no other: two of equal keys are one.
        variables: values of the letters in the equations of the steps.
    """

    kind: str
    question: str
    steps: tuple[str, ...]
    reply: str
    answer: Answer
    facts: Mapping[str, Any]
    key: tuple[Any, ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def reasoning(self) -> str:
        return "\n".join(self.steps)

    def conversation(self) -> Conversation:
        return Conversation((Message("user", self.question), Message("assistant", self.reply, self.reasoning)))

    def meta(self) -> dict[str, Any]:
        """For whoever asks a model the same: {"kind", "answer" (`Answer.to_record`), "facts"}."""
        return {"kind": f"reasoning/{self.kind}", "answer": self.answer.to_record(), "facts": dict(self.facts)}


@dataclass
class Desk:
    """What a problem is drawn from."""

    random: Random
    material: Material
    side: Side
    programs: Programs
    refused: Counter[str] = field(default_factory=Counter)
    """Why what was drawn was drawn again."""

    def one_of(self, templates: Sequence[T]) -> T:
        """A template of the side: the last quarter of each list is the holdout's alone."""
        held_out = max(1, len(templates) // _HELD_OUT) if len(templates) > 1 else 0
        first, last = templates[: len(templates) - held_out], templates[len(templates) - held_out :]
        return self.random.choice(last if self.side == "holdout" and held_out else first)

    def closing(self, answer: str) -> str:
        return self.one_of(_CLOSINGS).replace("{answer}", answer)


class Kind(NamedTuple):
    """A family of problems."""

    draw: Callable[[Desk], Problem]
    """Raises Redraw."""
    confirms: Callable[[Problem, Programs], bool]
    """Whether another program, which starts from the question, comes to the same answer."""
