"""Word problems with numbers and names of the corpus; the calculator checks them by a formula over the question."""

import re
from collections.abc import Mapping

from fc_model.evals.chat.answers import Answer
from fc_model.tools.arithmetic import calculate
from fc_pipeline.reasoning.kinds.stories import STORIES
from fc_pipeline.reasoning.numbers import is_short, rounded, spelled, written
from fc_pipeline.reasoning.outside.programs import Programs
from fc_pipeline.reasoning.problem import Desk, Kind, Problem, Redraw

_DECIMALS = 2
_GOODS = ("pencils", "apples", "tickets", "lamps", "books", "stamps", "chairs", "bottles", "plants", "tiles")
_ROUND = " Round to two decimals."


def _draw(desk: Desk) -> Problem:
    random, values = desk.random, desk.material.values
    story = random.choice(tuple(STORIES.values()))
    numbers = story.draw(random, values)
    name, other = random.sample(values.names, 2)
    texts = {"name": name, "other": other, "goods": random.choice(_GOODS)}
    asked = {key: written(value) for key, value in numbers.items()}
    template = desk.one_of(story.questions)
    question = template.format_map(texts | {key: spelled(random, text) for key, text in asked.items()})
    steps, known = list[str](), dict(numbers)
    for step in story.steps:
        known[step.name] = value = step.value(known)
        is_last = step is story.steps[-1]
        if not is_last and not is_short(value):
            raise Redraw("long_step")
        if not step.sentence:
            continue
        shown = {key: written(number) for key, number in known.items() if key != step.name or is_short(number)}
        result = (
            f"= {written(value)}" if is_short(value, _DECIMALS) or not is_last else f"≈ {rounded(value, _DECIMALS)}"
        )
        equation = f"{step.expression.format_map(shown)} {result}"
        steps.append(step.sentence.replace("{=}", equation).format_map(texts | shown))
    is_exact = is_short(value, _DECIMALS)
    text = written(value) if is_exact else rounded(value, _DECIMALS)
    if not is_exact or random.random() < 0.1:
        question += _ROUND
    unit = "%" if story.percent else f" {story.unit}" if story.unit and random.random() < 0.5 else ""
    return Problem(
        kind=f"story/{story.name}",
        question=question,
        steps=tuple(steps),
        reply=desk.closing(spelled(random, text) + unit),
        answer=Answer(kind="number", value=text, percent=story.percent),
        facts={"template": template, "story": story.name, "rounded": not is_exact},
        key=(story.name, *asked.values()),
    )


def _confirms(problem: Problem, programs: Programs) -> bool:
    """Reads the numbers out of the question, and asks the calculator for the formula."""
    facts, expected = problem.facts, problem.answer.value
    numbers = _read(facts["template"], problem.question)
    formula = STORIES[facts["story"]].formula.format_map({name: f"({text})" for name, text in numbers.items()})
    if facts["rounded"]:
        formula = f"round({formula}, {_DECIMALS})"
    return calculate(f"({formula}) - ({expected})") == 0


def _read(template: str, question: str) -> Mapping[str, str]:
    """The slots of a template in a question, numbers without commas."""
    pattern, names = "", set[str]()
    for literal, name in re.findall(r"([^{]*)(?:\{(\w+)\})?", template):
        pattern += re.escape(literal)
        if name:
            pattern += f"(?P={name})" if name in names else rf"(?P<{name}>[\w.,'-]+?)"
            names.add(name)
    match = re.match(pattern + rf"(?:{re.escape(_ROUND)})?\Z", question)
    assert match is not None, f"{question!r} is not of {template!r}"
    return {name: text.replace(",", "") for name, text in match.groupdict().items()}


STORY = Kind(_draw, _confirms)
