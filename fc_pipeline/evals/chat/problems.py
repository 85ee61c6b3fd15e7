"""Problems with a chain of thought: held-out conversations whose `meta.answer` says what a program takes for right."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fc_model.chat.messages import Conversation
from fc_model.evals.chat.answers import Answer
from fc_model.evals.chat.equations import equations, holds
from fc_model.evals.chat.figures import Tally
from fc_model.evals.chat.replies import Speaker, Written
from fc_model.seed import derive_seed
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.chat.ask import Write
from fc_pipeline.evals.chat.material import HeldOut, shuffled

_SOURCE = "reasoning/"
"""What `meta.kind` of a problem begins with; the family of problems follows."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A problem that can be asked."""

    id: str
    family: str
    question: Conversation
    """Everything before the reply."""
    answer: Answer
    prompt: list[int]


def choose_problems(
    conversations: Iterable[HeldOut], speaker: Speaker, *, max_problems: int, seed: int
) -> tuple[list[Problem], int]:
    """The problems among them, in an order drawn by the seed, that fit the context; and how many of these do not."""
    problems = [one for one in conversations if _is_problem(one.meta)]
    chosen, too_long = list[Problem](), 0
    for one in shuffled(problems, seed=derive_seed(seed, "problems")):
        if len(chosen) == max_problems:
            break
        question = Conversation(one.conversation.messages[:-1])
        prompt = speaker.prompt(question)
        if prompt is None:
            too_long += 1
            continue
        family, answer = one.meta["kind"].split("/")[1], Answer.from_record(one.meta["answer"])
        chosen.append(Problem(id=one.id, family=family, question=question, answer=answer, prompt=prompt))
    return chosen, too_long


def ask_problems(step: Step, speaker: Speaker, problems: Sequence[Problem], write: Write) -> tuple[Tally, Tally]:
    """(scores, what a guess gets).

    `exact_answers`: of each problem, whether the reply has the answer and ends. `true_equations`: of each equation in
    the reasoning that can be read, whether it holds exactly.
    """
    tally, chance = Tally(), Tally()

    def report(done: int) -> None:
        step.runtime.report({"evaluation": "problems", "step": done, "steps": len(problems)})

    written = speaker.free([one.prompt for one in problems], report)
    for one, freely in zip(problems, written, strict=True):
        reply = speaker.bounded(one.prompt, freely, speaker.form(one.question))
        scores = problem_scores(one.answer, reply)
        tally.add(scores, (one.family,))
        chance.add({"exact_answers": [one.answer.chance]}, (one.family,))
        about = {"table": "problems", "id": one.id, "kind": one.family, "expected": one.answer.value}
        write({**about, "reasoning": reply.reasoning, "reply": reply.text, "ended": reply.ended, "scores": scores})
    return tally, chance


def problem_scores(answer: Answer, reply: Written) -> dict[str, list[float]]:
    read = [one for line in reply.reasoning.splitlines() for one in equations(line, {}) if one is not None]
    return {
        "exact_answers": [float(reply.ended and answer.is_given_by(reply.text))],
        "true_equations": [float(holds(one)) for one in read],
    }


def _is_problem(meta: Mapping[str, Any]) -> bool:
    return str(meta.get("kind", "")).startswith(_SOURCE) and "answer" in meta
