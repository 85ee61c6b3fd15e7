"""The pictures and tables on the pages of fonts, images and what was read of them; each picture below 200 kB."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.components.markdown import markdown_table
from fc_pipeline.report import images, reading
from fc_pipeline.report.render import amount, percent, visible
from fc_pipeline.report.sheets import Cell, sheet, specimen_sheet
from fc_pipeline.report.thumbnails import boxed, source, thumbnail

if TYPE_CHECKING:
    from PIL import Image

_PICTURE_BYTES = 145_000
"""Below 200 kB in base64."""
_COLUMNS, _WIDTH, _HEIGHT = 5, 220, 170
_LINE_CHARS, _LINES = 34, 2
"""Of a text below a picture."""
_SHOWN = 10
"""Of the hits, and of the misses."""


def fonts(artifact: Artifact) -> dict[str, str]:
    """Of `images/fonts`: its faces, and those that are held out where a track does not say otherwise."""
    specimens = images.read_specimens(artifact, images.held_out_faces(None))
    rows = [
        [row["style"], row["faces"], row["held_out"], ", ".join(row["licences"])]
        for row in images.face_rows(specimens, artifact)
    ]
    held_out = ", ".join(each.name for each in specimens if each.held_out) or "none"
    return {
        "specimens": f"{_show('Faces', specimen_sheet(specimens))}\n\n"
        f"In colour, held out unless a track names others: {held_out}.",
        "styles": markdown_table(["style", "faces", "held out", "licences"], rows),
    }


def image_shards(artifact: Artifact) -> dict[str, str]:
    """Of any images: a sample of each kind, held out where there is one, the kinds, and the caps of packed images."""
    cells = [
        Cell(
            boxed(found.record, found.image, width=_WIDTH, height=_HEIGHT),
            ((_line(kind), True), (_line(_about(found)), False)),
        )
        for kind, found in images.first_of_each_kind(artifact, (images.HOLDOUT, images.TRAIN)).items()
    ]
    rows = images.kind_rows(artifact)
    header, names = ["kind", "training", "held out"], ["kind", "train", "holdout"]
    packed = "vision_tokens" in artifact.metrics
    if packed:
        header, names = [*header, "vision tokens an image", "vision tokens"], [*names, "tokens_each", "tokens"]
    table = markdown_table(header, [["–" if row[name] is None else row[name] for name in names] for row in rows])
    shown = {"contact_sheet": _show("Contact sheet", sheet(cells, columns=_COLUMNS, width=_WIDTH))} if cells else {}
    shown["kinds"] = table
    if packed:
        caps = [
            [cap["name"], percent(cap["share"]), percent(cap["min"]), percent(cap["max"])]
            for cap in images.caps(artifact)
        ]
        shown["caps"] = markdown_table(["images", "share of the vision tokens", "at least", "at most"], caps)
    return shown


def image_evals(artifact: Artifact) -> dict[str, str]:
    """Of `<track>/image_evals/<stage>`: hits and misses, figures by task and kind, by face, and of retrieval."""
    records = list(read_records(artifact.path("samples.jsonl.zst")))
    shown: dict[str, str] = {}
    for title, found in zip(("Hits", "Misses"), reading.examples(artifact, records, number=_SHOWN), strict=True):
        if found:
            grid = sheet([_example(each) for each in found], columns=_COLUMNS, width=_WIDTH)
            shown[title.lower()] = _show(title, grid)
    shown["by_kind"] = _by_kind(reading.by_kind(artifact, records))
    faces = reading.best_and_worst(json.loads(artifact.path("metrics.json").read_text("utf-8"))["faces"])
    if faces:
        rows = [[row["face"], row["samples"], percent(row["exact_match"])] for row in faces]
        shown["by_face"] = markdown_table(["face, best read first", "samples", "exact match"], rows)
    if recalls := reading.retrieval(artifact.metrics):
        names = ("image_to_text", "text_to_image", "chance")
        rows = [[row["k"], *(percent(row[name]) for name in names)] for row in recalls]
        header = ["partner among the nearest", "text of an image", "image of a text", "chance"]
        shown["retrieval"] = markdown_table(header, rows)
    return shown


def _by_kind(rows: Iterable[dict[str, Any]]) -> str:
    rows = list(rows)
    columns = reading.columns(rows)
    cells = [
        [row["task"], row["kind"] or "all", row["samples"], *(percent(row["figures"].get(name)) for name in columns)]
        for row in rows
    ]
    return markdown_table(["task", "kind", "samples", *(reading.FIGURES[name] for name in columns)], cells)


def _about(found: images.KindSample) -> str:
    words = f", {amount(len(found.record.words))} words" if found.record.words else ""
    return f"{found.record.width} × {found.record.height}{words}"


def _example(shown: reading.Shown) -> Cell:
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
        for line in textwrap.wrap(_line(text), _LINE_CHARS, max_lines=_LINES, placeholder="…")
    ]
    return Cell(thumbnail(shown.picture, width=_WIDTH, height=_HEIGHT), tuple(lines))


def _line(text: str) -> str:
    return " ".join(visible(text).split())


def _show(title: str, picture: Image.Image) -> str:
    return f"![{title}]({source(picture, max_bytes=_PICTURE_BYTES)})"
