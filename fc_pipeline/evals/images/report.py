"""The report on images: figures by kind of image and by face, the curve, pictures of hits and misses."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any, NamedTuple

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.report.drawing import svg
from fc_pipeline.report.figures import KeyFigure
from fc_pipeline.report.thumbnails import source, thumbnail
from fc_pipeline.training.curves import reading_curves

FIGURES = {
    "exact_match": "exact match",
    "exact_match_unseen": "exact match, unseen strings",
    "exact_match_seen": "exact match, strings that training has",
    "cer": "CER",
    "cer_unseen": "CER, unseen strings",
    "wer": "WER",
    "anls": "ANLS",
    "vqa_accuracy": "VQA accuracy",
    "decoder_exact_match": "decoder alone, exact match",
    "decoder_cer": "decoder alone, CER",
    "recognizer_exact_match": "CTC head alone, exact match",
    "recognizer_cer": "CTC head alone, CER",
    "exact_match_shuffled": "exact match, another image",
    "exact_match_random": "exact match, shuffled weights",
}
"""The shown figures of a task (fc_model/evals/image_scores.py), and their labels."""
_QUESTION = "answer_exact_match_question_"
_CHANCE = "retrieval_chance_at_"
_UNSEEN = "read_exact_match_unseen"
_SHOWN = 24
"""Number of hits, and of misses."""
_SHOWN_FACES = 5
_PICTURE_PIXELS = (300, 190)
_PICTURE_BYTES = 12_000
_TEXT_CHARS = 300


class Shown(NamedTuple):
    """A sample whose picture was kept."""

    record: dict[str, Any]
    """The record in samples.jsonl.zst."""
    picture: bytes
    """Encoded."""


def reading(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """Per stage whose images were evaluated, in the order of training; None for a track without any.

    {"figure_names": FIGURES, "stages": [{"name", "artifact", "trained" (the stage's artifact), "metrics", "weights",
    "columns": names in FIGURES that have a value, "rows": see `by_kind`,
    "retrieval": see `retrieval`, "questions": {kind of question: exact match}, "faces": see `best_and_worst`,
    "charts", "hits", "misses": [a record with "truth" and its "picture" as an address]}]}
    """
    by_key = {artifact.key: artifact for artifact in artifacts}
    stages = [
        _stage(artifact, by_key[artifact.key.replace("/image_evals/", "/stages/")])
        for artifact in artifacts
        if "/image_evals/" in artifact.key
    ]
    if not stages:
        return None
    return {"figure_names": FIGURES, "stages": stages, "last": stages[-1], "figures": _key_figures(stages[-1])}


def _key_figures(stage: dict[str, Any]) -> list[KeyFigure]:
    """How well it reads strings that training never showed, of the last stage that was judged on reading."""
    value = stage["metrics"].get(_UNSEEN)
    meaning = "Held-out images whose text is read without any error, of strings that training never showed."
    return [] if value is None else [KeyFigure(value, "read exactly", stage["artifact"], "percent", meaning, 1)]


def _stage(artifact: Artifact, stage: Artifact) -> dict[str, Any]:
    records = list(read_records(artifact.path("samples.jsonl.zst")))
    summary = json.loads(artifact.path("metrics.json").read_text("utf-8"))
    rows = by_kind(artifact, records)
    hits, misses = examples(artifact, records, number=_SHOWN)
    return {
        "name": artifact.key.rpartition("/")[2],
        "artifact": artifact,
        "trained": stage,
        "metrics": artifact.metrics,
        "weights": summary["weights"],
        "columns": columns(rows),
        "rows": rows,
        "retrieval": retrieval(artifact.metrics),
        "questions": questions(artifact.metrics),
        "faces": best_and_worst(summary["faces"]),
        "charts": [svg(picture) for picture in reading_curves(stage.path("metrics.jsonl"))],
        "hits": list(map(_embedded, hits)),
        "misses": list(map(_embedded, misses)),
    }


def by_kind(artifact: Artifact, records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per task, over all kinds (kind None) and by each: {"task", "kind", "samples", "figures": {name in FIGURES:
    value}}. Figures that a task does not have are left out.
    """
    counts = Counter((record["task"], record["kind"]) for record in records)
    rows = []
    for task in sorted({task for task, _ in counts}):
        of_kinds = {kind: number for (other, kind), number in sorted(counts.items()) if other == task}
        for kind, number in {None: sum(of_kinds.values()), **of_kinds}.items():
            suffix = f"_{kind.replace('/', '_')}" if kind else ""
            figures = _figures(artifact.metrics, task, suffix)
            rows.append({"task": task, "kind": kind, "samples": number, "figures": figures})
    return rows


def _figures(metrics: dict[str, float], task: str, suffix: str) -> dict[str, float]:
    names = {name: f"{task}_{name}{suffix}" for name in FIGURES}
    return {name: metrics[full] for name, full in names.items() if full in metrics}


def columns(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The names in FIGURES that some row has, in that order."""
    names = {name for row in rows for name in row["figures"]}
    return [name for name in FIGURES if name in names]


def retrieval(metrics: dict[str, float]) -> list[dict[str, Any]]:
    """Recall at k: [{"k", "image_to_text", "text_to_image", "chance"}]; empty when not measured."""
    names = {way: f"retrieval_{way}_recall_at_" for way in ("image_to_text", "text_to_image")} | {"chance": _CHANCE}
    ks = sorted(int(name.removeprefix(_CHANCE)) for name in metrics if name.startswith(_CHANCE))
    return [{"k": k} | {column: metrics[f"{name}{k}"] for column, name in names.items()} for k in ks]


def questions(metrics: dict[str, float]) -> dict[str, float]:
    """Exact match by the kind of question."""
    return {
        name.removeprefix(_QUESTION): value for name, value in sorted(metrics.items()) if name.startswith(_QUESTION)
    }


def best_and_worst(faces: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """The faces that were read best and those that were read worst, best first: [{"face", "samples", "exact_match"}].

    faces: of metrics.json, the worst first. If they are few, all are returned.
    """
    rows = [{"face": face, **scores} for face, scores in reversed(faces.items())]
    return rows if len(rows) <= 2 * _SHOWN_FACES else [*rows[:_SHOWN_FACES], *rows[-_SHOWN_FACES:]]


def examples(artifact: Artifact, records: Iterable[dict[str, Any]], *, number: int) -> tuple[list[Shown], list[Shown]]:
    """Hits and misses with a picture, at most `number` of each, from all tasks and kinds in turn."""
    kept = [record for record in records if record["picture"] is not None]
    hits, misses = (_in_turn(record for record in kept if record["exact"] is exact)[:number] for exact in (True, False))
    shown = [Shown(record, artifact.path(record["picture"]).read_bytes()) for record in (*hits, *misses)]
    return shown[: len(hits)], shown[len(hits) :]


def _in_turn(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        groups[record["task"], record["kind"]].append(record)
    return [record for turn in zip_longest(*groups.values()) for record in turn if record is not None]


def _embedded(shown: Shown) -> dict[str, Any]:
    width, height = _PICTURE_PIXELS
    picture = source(thumbnail(shown.picture, width=width, height=height), max_bytes=_PICTURE_BYTES)
    texts = {name: _clipped(shown.record[name]) for name in ("prompt", "prediction")}
    return {**shown.record, **texts, "truth": _clipped(shown.record["answers"][0]), "picture": picture}


def _clipped(text: str) -> str:
    """The text, cut after a few lines: a page may have thousands of characters."""
    return text if len(text) <= _TEXT_CHARS else f"{text[:_TEXT_CHARS]}…"
