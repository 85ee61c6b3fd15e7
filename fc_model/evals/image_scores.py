"""Scores of what was predicted for images, flat: `<task>_<metric>`, and `_<kind>` behind it for each kind of image.

* read: exact_match, cer, wer, `_nfkc` of each; where there is a CTC head, decoder and head read together, and alone
  have decoder_exact_match, decoder_cer, recognizer_exact_match and recognizer_cer; recognize has the last two.
* caption: as read.
* answer: exact_match, exact_match_nfkc, anls; vqa_accuracy where several people answered, relaxed on charts,
  json_match where JSON is asked for; and exact_match by the kind of question, `_question_<kind>` behind it.

`exact_match` and `samples` without a task are over all of them. Where training's strings are known, `<task>_samples`,
`<task>_exact_match` and, of what is read, `<task>_cer` stand with `_seen` and `_unseen` behind the metric: of samples
whose answer some training image has too, and of those whose answer none has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from fc_model.evals.image_samples import ImageSample
from fc_model.evals.images import Prediction
from fc_model.evals.recognition import Normalisation, compare, recognition_scores
from fc_model.evals.vqa import anls, exact_match, json_match, relaxed_accuracy, vqa_accuracy

_NORMALISATIONS: tuple[tuple[str, Normalisation], ...] = (("", "none"), ("_nfkc", "nfkc"))


def is_exact(prediction: Prediction) -> bool:
    """Whether what was predicted is one of the answers, character by character; JSON counts by what it holds."""
    text, answers = predicted_text(prediction), prediction.sample.answers
    return bool(exact_match(text, answers) or (_is_json(prediction.sample) and json_match(text, answers)))


def predicted_text(prediction: Prediction) -> str:
    """What counts: the decoder's text, or the CTC head's where it reads alone."""
    return (prediction.recognized if prediction.sample.task == "recognize" else prediction.text) or ""


def character_error_rate(prediction: Prediction) -> float:
    """Against the best answer."""
    return compare(predicted_text(prediction), prediction.sample.answers[0]).character_error_rate


def image_scores(predictions: Sequence[Prediction]) -> dict[str, float]:
    """All scores, and `exact_match` with its kinds over all tasks."""
    scores: dict[str, float] = {}
    for suffix, part in _parts(predictions):
        scores[f"exact_match{suffix}"] = fmean(map(is_exact, part))
        scores[f"samples{suffix}"] = len(part)
        for task, of_task in _by_task(part).items():
            of_part = _answer_scores(of_task) if task == "answer" else _reading_scores(of_task, task=task)
            scores |= {f"{task}_{name}{suffix}": value for name, value in of_part.items()}
    by_question = _grouped((each.sample.question_kind, each) for each in predictions)
    by_question.pop(None, None)
    scores |= _scores_by_seen(predictions)
    return scores | {
        f"answer_exact_match_question_{kind}": fmean(map(is_exact, part)) for kind, part in sorted(by_question.items())
    }


def _scores_by_seen(predictions: Sequence[Prediction]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for suffix, part in _parts(predictions):
        groups = _grouped(((each.sample.task, each.sample.seen), each) for each in part)
        for (task, seen), of_group in sorted(groups.items(), key=str):
            if seen is None:
                continue
            behind = f"{'seen' if seen else 'unseen'}{suffix}"
            scores[f"{task}_samples_{behind}"] = len(of_group)
            scores[f"{task}_exact_match_{behind}"] = fmean(map(is_exact, of_group))
            if task != "answer":
                errors = [compare(predicted_text(each), each.sample.answers[0]) for each in of_group]
                scores[f"{task}_cer_{behind}"] = recognition_scores(errors)["cer"]
    return scores


def exact_matches(predictions: Sequence[Prediction], *, control: str) -> dict[str, float]:
    """`exact_match_<control>` over all, by task, and by kind within each: what a control scores."""
    scores: dict[str, float] = {}
    for suffix, part in _parts(predictions):
        scores[f"exact_match_{control}{suffix}"] = fmean(map(is_exact, part))
        for task, of_task in _by_task(part).items():
            scores[f"{task}_exact_match_{control}{suffix}"] = fmean(map(is_exact, of_task))
    return scores


def face_scores(predictions: Iterable[Prediction]) -> dict[str, dict[str, float]]:
    """{face: {samples, exact_match}} of what was read, the worst face first; a sample counts for each of its faces."""
    read = [each for each in predictions if each.sample.task in ("read", "recognize")]
    by_face = _grouped((face, each) for each in read for face in each.sample.fonts)
    rates = sorted((fmean(map(is_exact, part)), face) for face, part in by_face.items())
    return {face: {"samples": len(by_face[face]), "exact_match": round(rate, 6)} for rate, face in rates}


def _grouped(pairs: Iterable[tuple[Any, Prediction]]) -> dict[Any, list[Prediction]]:
    groups: dict[Any, list[Prediction]] = defaultdict(list)
    for name, prediction in pairs:
        groups[name].append(prediction)
    return groups


def _by_task(predictions: Sequence[Prediction]) -> dict[str, list[Prediction]]:
    return dict(sorted(_grouped((each.sample.task, each) for each in predictions).items()))


def _parts(predictions: Sequence[Prediction]) -> list[tuple[str, Sequence[Prediction]]]:
    """All, and those of each kind, by what stands behind their names."""
    by_kind = _grouped((each.sample.kind, each) for each in predictions)
    every: list[tuple[str, Sequence[Prediction]]] = [("", predictions)] if predictions else []
    return every + [(f"_{kind.replace('/', '_')}", part) for kind, part in sorted(by_kind.items())]


def _reading_scores(predictions: Sequence[Prediction], *, task: str) -> dict[str, float]:
    scores: dict[str, float] = {}
    if task != "recognize":
        for behind, normalisation in _NORMALISATIONS:
            pairs = [(each.text or "", each.sample.answers[0]) for each in predictions]
            of_text = recognition_scores([compare(*pair, normalisation=normalisation) for pair in pairs])
            scores |= {f"{name}{behind}": value for name, value in of_text.items()}
    for reader, texts in (
        ("decoder", [each.decoded for each in predictions]),
        ("recognizer", [each.recognized for each in predictions]),
    ):
        readings = [
            compare(text, each.sample.answers[0])
            for text, each in zip(texts, predictions, strict=True)
            if text is not None
        ]
        if readings:
            alone = recognition_scores(readings)
            scores |= {f"{reader}_{name}": alone[name] for name in ("exact_match", "cer")}
    return scores


def _answer_scores(predictions: Sequence[Prediction]) -> dict[str, float]:
    pairs = [(prediction.text or "", prediction.sample) for prediction in predictions]
    metrics: dict[str, list[float]] = {
        "exact_match": [exact_match(text, sample.answers) for text, sample in pairs],
        "exact_match_nfkc": [exact_match(text, sample.answers, normalisation="nfkc") for text, sample in pairs],
        "anls": [anls(text, sample.answers) for text, sample in pairs],
        "vqa_accuracy": [vqa_accuracy(text, sample.votes) for text, sample in pairs if sample.votes],
        "relaxed": [relaxed_accuracy(text, sample.answers) for text, sample in pairs if "chart" in sample.kind],
        "json_match": [json_match(text, sample.answers) for text, sample in pairs if _is_json(sample)],
    }
    return {name: fmean(values) for name, values in metrics.items() if values}


def _is_json(sample: ImageSample) -> bool:
    return sample.question_kind == "json"
