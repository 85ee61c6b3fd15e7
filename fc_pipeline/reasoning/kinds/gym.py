"""Tasks of reasoning-gym, solved by chains of our own (gym_tasks.py); its checker says whether the answer is right."""

import re

from fc_model.evals.chat.answers import Answer
from fc_pipeline.reasoning.kinds.gym_tasks import TASKS
from fc_pipeline.reasoning.outside.programs import Programs
from fc_pipeline.reasoning.problem import Desk, Kind, Problem


def _draw(desk: Desk) -> Problem:
    name = desk.random.choice(list(TASKS))
    settings, solve = TASKS[name]
    # The sides have seeds of their own, odd and even.
    seed = 2 * desk.random.randrange(1 << 29) + (desk.side == "holdout")
    task = desk.programs.task(name, seed, settings)
    question = task["question"].strip()
    solved = solve(question, task["chain"])
    return Problem(
        kind=f"gym/{name}",
        question=question,
        steps=tuple(solved.steps),
        reply=desk.closing(solved.answer),
        answer=Answer(kind=solved.kind, value=solved.answer),
        facts={"task": name, "seed": seed},
        key=(name, *re.findall(r"\d+(?:\.\d+)?", question), *re.findall(r"\b[A-Z]\w+", question)),
        variables=solved.variables,
    )


def _confirms(problem: Problem, programs: Programs) -> bool:
    name, seed = problem.facts["task"], problem.facts["seed"]
    return programs.score(name, seed, TASKS[name].settings, problem.answer.value) == 1.0


GYM = Kind(_draw, _confirms)
