"""Problems of every family keep their promises, and each planted fault breaks the one that is named after it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Literal

import pytest

from fc_model.evals.chat.answers import Answer
from fc_pipeline.reasoning.config import Kinds, ReasoningConfig
from fc_pipeline.reasoning.kinds.gym_tasks import TASKS
from fc_pipeline.reasoning.kinds.registry import KINDS
from fc_pipeline.reasoning.material import Material
from fc_pipeline.reasoning.outside.programs import Programs
from fc_pipeline.reasoning.problem import Desk, Problem
from fc_pipeline.reasoning.promises import broken_promise
from fc_pipeline.reasoning.synthesize import draw_problem

Side = Literal["train", "holdout"]


def draw(family: str, seed: int, material: Material, programs: Programs, side: Side = "train") -> Problem:
    shares = dict.fromkeys(KINDS, 0.0) | {family: 1.0}
    desk = Desk(Random(seed), material, side, programs)
    return draw_problem(ReasoningConfig(kinds=Kinds(**shares)), desk)


def one_of(kind: str, material: Material, programs: Programs) -> Problem:
    drawn = (draw(kind.split("/")[0], seed, material, programs) for seed in range(1_000))
    return next(problem for problem in drawn if problem.kind == kind)


@pytest.mark.parametrize("side", ["train", "holdout"])
@pytest.mark.parametrize(("family", "count"), [("table", 150), ("text", 80), ("units", 250), ("story", 150)])
def test_kept(family: str, count: int, side: Side, material: Material, programs: Programs) -> None:
    problems = [draw(family, seed, material, programs, side) for seed in range(count)]
    broken = [(problem, reason) for problem in problems if (reason := broken_promise(problem, programs))]
    assert broken == []
    assert min(Counter(problem.kind for problem in problems).values()) >= 3


def test_chess_is_confirmed_by_another_program(material: Material, programs: Programs) -> None:
    problems = [draw("chess", seed, material, programs) for seed in range(24)]
    assert {problem.kind for problem in problems} == {"chess/mate", "chess/check", "chess/piece", "chess/material"}
    assert {broken_promise(problem, programs) for problem in problems} == {None}


def test_every_task_of_the_gym_is_solved(material: Material, programs: Programs) -> None:
    problems = [draw("gym", seed, material, programs) for seed in range(110)]
    assert {problem.kind for problem in problems} == {f"gym/{name}" for name in TASKS}
    assert {broken_promise(problem, programs) for problem in problems} == {None}


def test_faulty_chains_of_the_gym_are_drawn_again(material: Material, programs: Programs) -> None:
    refused = Counter[str]()
    for seed in range(150):
        desk = Desk(Random(seed), material, "train", programs)
        draw_problem(ReasoningConfig(kinds=Kinds(**(dict.fromkeys(KINDS, 0.0) | {"gym": 1.0}))), desk)
        refused += desk.refused
    assert refused["gym/gym_wrong_step"] > 0


def change_step(problem: Problem) -> Problem:
    return replace(problem, steps=(*problem.steps[:-1], "1 + 1 = 3", problem.steps[-1]))


def change_answer(problem: Problem) -> Problem:
    value = str(int(problem.answer.value) + 1)
    lines = (*problem.steps[:-1], f"So it is {value}")
    return replace(problem, answer=replace(problem.answer, value=value), steps=lines, reply=value)


FAULTS: list[tuple[str, str, Callable[[Problem], Problem], str]] = [
    ("step", "table/sum", change_step, "wrong_step"),
    ("unread", "table/sum", lambda one: replace(one, steps=("x = y", *one.steps)), "unchecked_step"),
    ("no end", "table/sum", lambda one: replace(one, steps=one.steps[:1]), "unreasoned_answer"),
    ("reply", "text/letters", lambda one: replace(one, reply="It is 99."), "unstated_answer"),
    ("letters", "text/letters", change_answer, "other_answer"),
    ("words", "text/words", change_answer, "other_answer"),
    ("above", "table/above", change_answer, "other_answer"),
    ("boxes", "story/boxes", change_answer, "other_answer"),
    ("material", "chess/material", change_answer, "other_answer"),
    ("gcd", "gym/gcd", change_answer, "other_answer"),
]


@pytest.mark.parametrize(("kind", "fault", "reason"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_broken(
    kind: str, fault: Callable[[Problem], Problem], reason: str, material: Material, programs: Programs
) -> None:
    problem = one_of(kind, material, programs)
    assert broken_promise(problem, programs) is None
    assert broken_promise(fault(problem), programs) == reason


def test_a_mate_that_is_none(material: Material, programs: Programs) -> None:
    problem = one_of("chess/mate", material, programs)
    answers = {move: ["a1a2"] for move in problem.facts["answers"]}
    assert broken_promise(replace(problem, facts={"answers": answers}), programs) == "other_answer"


def test_the_sides_have_templates_and_rows_of_their_own(material: Material, programs: Programs) -> None:
    sides: tuple[Side, Side] = ("train", "holdout")
    templates = {
        side: {draw("story", seed, material, programs, side).facts["template"] for seed in range(150)} for side in sides
    }
    assert templates["train"] and templates["holdout"] and templates["train"].isdisjoint(templates["holdout"])
    rows = {
        side: {
            tuple(line.split(","))
            for seed in range(100)
            for line in draw("table", seed, material, programs, side).question.splitlines()
            if line.count(",") == 2 and line[0].isdigit() and "." in line
        }
        for side in sides
    }
    assert len(rows["train"] & rows["holdout"]) < len(rows["holdout"]) / 20  # equal flowers exist


def test_replies_end_with_the_answer(material: Material, programs: Programs) -> None:
    for seed in range(60):
        problem = draw("units", seed, material, programs)
        assert isinstance(problem.answer, Answer)
        assert problem.conversation().messages[1].reasoning == "\n".join(problem.steps)
