"""Scores of one answer to a question on an image, each from 0 to 1; a corpus scores the mean of its questions.

`answers` are what people or makers gave, and never empty. They are annotators' answers (repeats count) for
`vqa_accuracy`, and alternatives of which any is right for all others.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from rapidfuzz.distance import Levenshtein

from fc_model.evals.answer_text import normalise_answer
from fc_model.evals.recognition import Normalisation, normalise

_ANLS_THRESHOLD = 0.5
_RELAXED_TOLERANCE = 0.05
_FULL_MARKS = 3
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def exact_match(prediction: str, answers: Sequence[str], *, normalisation: Normalisation = "none") -> float:
    """1 when the prediction is one of the answers, after the normalisation of both."""
    return float(normalise(prediction, normalisation) in {normalise(answer, normalisation) for answer in answers})


def vqa_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """Agreement with annotators (Antol et al. 2015, https://visualqa.org/evaluation.html), normalised as EvalAI does.

    Each annotator is left out in turn; the prediction scores min(1, matches / 3) against the others, and the mean is
    taken. With fewer than four annotators full marks need a match with all of the others, with one a match with it.
    No answer is never right, though articles alone are normalised to none.
    """
    if not prediction.strip():
        return 0.0
    normal = normalise_answer(prediction)
    matches = [normalise_answer(answer) == normal for answer in answers]
    if len(matches) == 1:
        return float(matches[0])
    needed = min(_FULL_MARKS, len(matches) - 1)
    return sum(min(1.0, (sum(matches) - own) / needed) for own in matches) / len(matches)


def anls(prediction: str, answers: Sequence[str]) -> float:
    """Average normalised Levenshtein similarity of one question (Biten et al. 2019, "Scene Text VQA").

    The best of 1 - distance / length of the longer text, in lower case without white space at the ends; 0 when it is
    below 0.5. (The paper also gives 0 to 0.5 itself; the server of ST-VQA and DocVQA does not, and we go by it.)
    """
    text = prediction.lower().strip()
    best = 0.0
    for answer in answers:
        wanted = answer.lower().strip()
        length = max(len(text), len(wanted))
        best = max(best, 1 - Levenshtein.distance(text, wanted) / length if length else 1.0)
    return best if best >= _ANLS_THRESHOLD else 0.0


def relaxed_accuracy(prediction: str, answers: Sequence[str]) -> float:
    """1 when a number is within 5% of an answer, or any other text is equal to one but for case (ChartQA).

    As Methani et al. 2020 ("PlotQA") and Masry et al. 2022 ("ChartQA") have it. A percentage is its hundredth, so 15%
    is 0.15 and not 15; an answer of 0 must be met exactly.
    """
    return float(any(_relaxed(prediction.strip(), answer.strip()) for answer in answers))


def json_match(prediction: str, answers: Sequence[str]) -> float:
    """1 when the prediction is JSON and equal to an answer: order of fields and white space do not matter, 1 is 1.0.

    Raises ValueError when an answer is no JSON.
    """
    try:
        value = _parse_json(prediction)
    except (ValueError, RecursionError):
        return 0.0
    return float(any(_equal_json(value, _parse_json(answer)) for answer in answers))


def _relaxed(prediction: str, answer: str) -> bool:
    number, wanted = _number(prediction), _number(answer)
    if number is None or wanted is None:
        return prediction.lower() == answer.lower()
    return abs(number - wanted) <= _RELAXED_TOLERANCE * abs(wanted)


def _number(text: str) -> float | None:
    digits = text.removesuffix("%")
    if _NUMBER.fullmatch(digits) is None:
        return None
    return float(digits) / (100 if digits != text else 1)


def _parse_json(text: str) -> Any:
    return json.loads(text, parse_constant=_no_json)


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _equal_json(first: Any, second: Any) -> bool:
    """Equality in which true is not 1, as it is in Python."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_equal_json(first[key], second[key]) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_equal_json, first, second))
    return bool(isinstance(first, bool) == isinstance(second, bool) and first == second)
