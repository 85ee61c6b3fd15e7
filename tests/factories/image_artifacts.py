"""What an artifact of images holds, for tests to compare."""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from fc_model.artifacts import Artifact
from fc_model.data.images.record import ImageRecord
from fc_model.data.images.shards import ImageShards


def records(artifact: Artifact, split: str = "train") -> dict[str, ImageRecord]:
    """By id, in the order of the shards."""
    return {record.id: record for record in ImageShards(artifact.folder, split).records()}


def images(artifact: Artifact, number: int, split: str = "train") -> list[Image.Image]:
    """Those of a sample."""
    return [Image.open(io.BytesIO(data)) for data in ImageShards(artifact.folder, split).sample(number).images]


def local_source(folder: Path, files: dict[str, str], reader: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A whole definition of a source of images, `inbox`, whose files lie in a folder; nothing is held out by chance."""
    origin = {"kind": "local", "folder": str(folder), "files": files}
    return {"name": "inbox", "licence": "CC0-1.0", "origins": [origin], "reader": reader, "holdout": 0, **fields}


def plain(colour: str, size: tuple[int, int] = (32, 24)) -> bytes:
    """A PNG of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, format="PNG")
    return stream.getvalue()
