"""Pictures and tables of fonts and images, for the pages of their assets; each picture below 200 kB."""

from __future__ import annotations

from fc_model.artifacts import Artifact
from fc_model.data.images.record import ImageRecord
from fc_pipeline.formatting import amount, markdown_table, percent
from fc_pipeline.images.fonts.specimens import specimen_sheet
from fc_pipeline.images.report import (
    HOLDOUT,
    TRAIN,
    caps,
    face_rows,
    first_of_each_kind,
    held_out_faces,
    kind_rows,
    read_faces,
)
from fc_pipeline.report.sheets import Cell, one_line, sheet, show_sheet
from fc_pipeline.report.thumbnails import boxed

_COLUMNS, _WIDTH, _HEIGHT = 5, 220, 170


def fonts_page(artifact: Artifact) -> dict[str, str]:
    """Of `images/fonts`: its faces, and those that are held out where a track does not say otherwise."""
    faces, names = read_faces(artifact), held_out_faces(None)
    rows = [
        [row["style"], row["faces"], row["held_out"], ", ".join(row["licences"])] for row in face_rows(faces, names)
    ]
    held_out = ", ".join(face.name for face in faces if face.name in names) or "none"
    return {
        "specimens": f"{show_sheet('Faces', specimen_sheet(faces, names))}\n\n"
        f"In colour, held out unless a track names others: {held_out}.",
        "styles": markdown_table(["style", "faces", "held out", "licences"], rows),
    }


def images_page(artifact: Artifact) -> dict[str, str]:
    """Of any images: a sample of each kind, held out where there is one, the kinds, and the caps of packed ones."""
    cells = [
        Cell(
            boxed(*sample, width=_WIDTH, height=_HEIGHT),
            ((one_line(kind), True), (one_line(_about(sample.record)), False)),
        )
        for kind, sample in first_of_each_kind(artifact, (HOLDOUT, TRAIN)).items()
    ]
    packed = "vision_tokens" in artifact.metrics
    columns = {"kind": "kind", "train": "training", "holdout": "held out"}
    columns |= {"tokens_each": "vision tokens an image", "tokens": "vision tokens"} if packed else {}
    rows = [["–" if row[name] is None else row[name] for name in columns] for row in kind_rows(artifact)]
    shown = {}
    if cells:
        shown["contact_sheet"] = show_sheet("Contact sheet", sheet(cells, columns=_COLUMNS, width=_WIDTH))
    shown["kinds"] = markdown_table(list(columns.values()), rows)
    if packed:
        bounds = [
            [cap["name"], percent(cap["share"]), percent(cap["min"]), percent(cap["max"])] for cap in caps(artifact)
        ]
        shown["caps"] = markdown_table(["images", "share of the vision tokens", "at least", "at most"], bounds)
    return shown


def _about(record: ImageRecord) -> str:
    words = f", {amount(len(record.words))} words" if record.words else ""
    return f"{record.width} × {record.height}{words}"
