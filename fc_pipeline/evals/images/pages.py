"""Hits, misses and tables of what was read on held-out images, for the page of the asset."""

from __future__ import annotations

import json
import textwrap

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.evals.images.report import FIGURES, Shown, best_and_worst, by_kind, columns, examples, retrieval
from fc_pipeline.formatting import markdown_table, percent
from fc_pipeline.report.sheets import Cell, one_line, sheet, show_sheet
from fc_pipeline.report.thumbnails import thumbnail

_COLUMNS, _WIDTH, _HEIGHT = 5, 220, 170
_LINE_CHARS, _LINES = 34, 2
"""Characters of a line and lines of a text below a picture."""
_SHOWN = 10
"""Number of hits, and of misses."""


def image_evals_page(artifact: Artifact) -> dict[str, str]:
    """Page of `<track>/image_evals/<stage>`: hits and misses, figures by task and kind, by face, and of retrieval."""
    records = list(read_records(artifact.path("samples.jsonl.zst")))
    shown: dict[str, str] = {}
    for title, samples in zip(("Hits", "Misses"), examples(artifact, records, number=_SHOWN), strict=True):
        if samples:
            grid = sheet([_example(each) for each in samples], columns=_COLUMNS, width=_WIDTH)
            shown[title.lower()] = show_sheet(title, grid)
    kinds = by_kind(artifact, records)
    names = columns(kinds)
    cells = [
        [row["task"], row["kind"] or "all", row["samples"], *(percent(row["figures"].get(name)) for name in names)]
        for row in kinds
    ]
    shown["by_kind"] = markdown_table(["task", "kind", "samples", *(FIGURES[name] for name in names)], cells)
    faces = best_and_worst(json.loads(artifact.path("metrics.json").read_text("utf-8"))["faces"])
    if faces:
        rows = [[row["face"], row["samples"], percent(row["exact_match"])] for row in faces]
        shown["by_face"] = markdown_table(["face, best read first", "samples", "exact match"], rows)
    if recalls := retrieval(artifact.metrics):
        rows = [[k, *map(percent, shares)] for k, *shares in map(dict.values, recalls)]
        header = ["partner among the nearest", "text of an image", "image of a text", "chance"]
        shown["retrieval"] = markdown_table(header, rows)
    return shown


def _example(shown: Shown) -> Cell:
    record = shown.record
    texts = [(f"{record['task']}, {record['kind']}", False)]
    if record["task"] == "answer":
        texts.append((f"asked: {record['prompt']}", False))
    texts.append((f"said: {record['prediction']}", True))
    if not record["exact"]:
        texts.append((f"truth: {record['answers'][0]}", False))
    lines = [
        (line, stands_out)
        for text, stands_out in texts
        for line in textwrap.wrap(one_line(text), _LINE_CHARS, max_lines=_LINES, placeholder="…")
    ]
    return Cell(thumbnail(shown.picture, width=_WIDTH, height=_HEIGHT), tuple(lines))
