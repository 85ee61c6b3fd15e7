"""Scores of what was said about images, flat: `<task>_<metric>`, and `_<kind>` behind it for each kind of image.

* read: exact_match, cer, wer, `_nfkc` of each, recognizer_exact_match and recognizer_cer where there is a CTC head;
  recognize has these two alone.
* caption: as read.
* answer: exact_match, exact_match_nfkc, anls; vqa_accuracy where several people answered, relaxed on charts,
  json_match where JSON is asked for; and exact_match by the kind of question, `_question_<kind>` behind it.

`exact_match` and `samples` without a task are over all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean

from fc_model.evals.image_samples import ImageSample
from fc_model.evals.images import Prediction
from fc_model.evals.recognition import Normalisation, compare, score
from fc_model.evals.vqa import anls, exact_match, json_match, relaxed_accuracy, vqa_accuracy

_NORMALISATIONS: tuple[tuple[str, Normalisation], ...] = (("", "none"), ("_nfkc", "nfkc"))


def is_exact(prediction: Prediction) -> bool:
    """Whether what was said is one of the answers, character by character; JSON counts by what it holds."""
    said, answers = said_of(prediction), prediction.sample.answers
    return bool(exact_match(said, answers) or (_is_json(prediction.sample) and json_match(said, answers)))


def said_of(prediction: Prediction) -> str:
    """What counts: the decoder's text, or the CTC head's where it reads alone."""
    said = prediction.recognized if prediction.sample.task == "recognize" else prediction.text
    return said or ""


def character_error_rate(prediction: Prediction) -> float:
    """Against the best answer."""
    return compare(said_of(prediction), prediction.sample.answers[0]).character_error_rate


def image_scores(predictions: Sequence[Prediction]) -> dict[str, float]:
    """All scores, and `exact_match` with its kinds over all tasks."""
    scores: dict[str, float] = {}
    for suffix, part in _parts(predictions):
        scores[f"exact_match{suffix}"] = fmean(is_exact(said) for said in part)
        scores[f"samples{suffix}"] = len(part)
        for task in sorted({said.sample.task for said in part}):
            of_task = [said for said in part if said.sample.task == task]
            found = _answer_scores(of_task) if task == "answer" else _reading_scores(of_task, task=task)
            scores |= {f"{task}_{name}{suffix}": value for name, value in found.items()}
    by_question: dict[str, list[bool]] = defaultdict(list)
    for said in predictions:
        if said.sample.question_kind is not None:
            by_question[said.sample.question_kind].append(is_exact(said))
    return scores | {f"answer_exact_match_question_{kind}": fmean(exact) for kind, exact in sorted(by_question.items())}


def exact_matches(predictions: Sequence[Prediction], *, control: str) -> dict[str, float]:
    """`exact_match_<control>` over all, by task, and by kind within each: what a control scores."""
    scores: dict[str, float] = {}
    for suffix, part in _parts(predictions):
        scores[f"exact_match_{control}{suffix}"] = fmean(is_exact(said) for said in part)
        for task in sorted({said.sample.task for said in part}):
            of_task = [is_exact(said) for said in part if said.sample.task == task]
            scores[f"{task}_exact_match_{control}{suffix}"] = fmean(of_task)
    return scores


def face_scores(predictions: Iterable[Prediction]) -> dict[str, dict[str, float]]:
    """{face: {samples, exact_match}} of what was read, the worst face first; a sample counts for each of its faces."""
    by_face: dict[str, list[bool]] = defaultdict(list)
    for said in predictions:
        if said.sample.task in ("read", "recognize"):
            for face in said.sample.fonts:
                by_face[face].append(is_exact(said))
    rates = sorted((fmean(exact), face) for face, exact in by_face.items())
    return {face: {"samples": len(by_face[face]), "exact_match": round(rate, 6)} for rate, face in rates}


def _parts(predictions: Sequence[Prediction]) -> list[tuple[str, Sequence[Prediction]]]:
    """All, and those of each kind, by what stands behind their names."""
    kinds = sorted({said.sample.kind for said in predictions})
    every: list[tuple[str, Sequence[Prediction]]] = [("", predictions)] if predictions else []
    return every + [
        (f"_{kind.replace('/', '_')}", [said for said in predictions if said.sample.kind == kind]) for kind in kinds
    ]


def _reading_scores(predictions: Sequence[Prediction], *, task: str) -> dict[str, float]:
    scores: dict[str, float] = {}
    if task != "recognize":
        for behind, normalisation in _NORMALISATIONS:
            readings = [
                compare(said.text or "", said.sample.answers[0], normalisation=normalisation) for said in predictions
            ]
            found = score(readings)
            scores |= {f"exact_match{behind}": found.exact_match, f"cer{behind}": found.cer, f"wer{behind}": found.wer}
    recognized = [
        compare(said.recognized, said.sample.answers[0]) for said in predictions if said.recognized is not None
    ]
    if recognized:
        found = score(recognized)
        scores |= {"recognizer_exact_match": found.exact_match, "recognizer_cer": found.cer}
    return scores


def _answer_scores(predictions: Sequence[Prediction]) -> dict[str, float]:
    said = [(prediction.text or "", prediction.sample) for prediction in predictions]
    metrics: dict[str, list[float]] = {
        "exact_match": [exact_match(text, sample.answers) for text, sample in said],
        "exact_match_nfkc": [exact_match(text, sample.answers, normalisation="nfkc") for text, sample in said],
        "anls": [anls(text, sample.answers) for text, sample in said],
        "vqa_accuracy": [vqa_accuracy(text, sample.votes) for text, sample in said if sample.votes],
        "relaxed": [relaxed_accuracy(text, sample.answers) for text, sample in said if "chart" in sample.kind],
        "json_match": [json_match(text, sample.answers) for text, sample in said if _is_json(sample)],
    }
    return {name: fmean(values) for name, values in metrics.items() if values}


def _is_json(sample: ImageSample) -> bool:
    return sample.question_kind == "json"
