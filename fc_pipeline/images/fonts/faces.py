"""Reads the fonts artifact."""

import json
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.images.fonts.coverage import from_ranges
from fc_pipeline.images.synthesis.face import Face, Faces

FACES_SCHEMA = 1
FACES_FILE = "faces.json"


def load_faces(folder: Path) -> Faces:
    """The faces of the artifact `images/fonts`, by name. Raises UserError when the folder is none."""
    path = folder / FACES_FILE
    if not path.is_file():
        raise UserError(f"{path}: no such file; materialize images/fonts")
    raw = json.loads(path.read_text("utf-8"))
    if raw["schema"] != FACES_SCHEMA:
        raise UserError(f"{path}: schema {raw['schema']}, this version reads {FACES_SCHEMA}; materialize images/fonts")
    return Faces(
        [
            Face(
                name=face["name"],
                file=folder / face["file"],
                style=face["style"],
                licence=face["licence"],
                characters=from_ranges(face["characters"]),
            )
            for face in raw["faces"]
        ]
    )
