"""Small files in the formats of public sets, with pictures made here."""

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from fc_model.data.images.limits import ImageLimits
from fc_model.data.images.record import ImageRecord
from fc_pipeline.images.datasets.base import BadRecord, SetFolder
from fc_pipeline.images.datasets.catalogue import DatasetLimits
from fc_pipeline.images.datasets.registry import READERS


def encoded(width: int = 64, height: int = 48, format_: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, format_, **options)
    return file.getvalue()


def put(folder: Path, name: str, content: Any) -> Path:
    """Bytes and text as they are, anything else as JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes | str) else json.dumps(content)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def img2dataset(
    number: int, caption: str = "a caption", image: bytes | None = None, extension: str = "jpg"
) -> list[tuple[str, bytes]]:
    """The members of a sample, as img2dataset writes them."""
    key = f"{number:09d}"
    meta = {"url": f"http://host/{number}.jpg", "caption": caption, "key": key, "status": "success", "exif": "{}"}
    image = encoded() if image is None else image
    return [(f"{key}.{extension}", image), (f"{key}.json", json.dumps(meta).encode()), (f"{key}.txt", caption.encode())]


def read(
    name: str, folder: Path, *, image: ImageLimits | None = None, **limits: Any
) -> tuple[dict[str, ImageRecord], dict[str, BadRecord]]:
    """What a loader gives, by id; every record can be written and its picture is of the stated size."""
    good: dict[str, ImageRecord] = {}
    bad: dict[str, BadRecord] = {}
    data = SetFolder(name=name, folder=folder, limits=DatasetLimits(**limits), image=image or ImageLimits())
    for result in READERS[name](data):
        if isinstance(result, BadRecord):
            assert result.id not in bad
            bad[result.id] = result
            continue
        record, images = result
        assert record.id not in good and record.id.startswith(f"{name}/") and record.source == name
        assert ImageRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
        assert len(images) == len(record.images) == 1
        with Image.open(io.BytesIO(images[0])) as stored:
            assert {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}[record.images[0]] == stored.format
            assert stored.size == (record.width, record.height)  # as readers have it that turn nothing
        for word in record.words:
            left, top, right, bottom = word.box
            assert 0 <= left < right <= record.width and 0 <= top < bottom <= record.height
            assert word.text in record.lines[word.line].text
        good[record.id] = record
    return good, bad


def reasons(bad: dict[str, BadRecord]) -> dict[str, str]:
    return {name: record.reason for name, record in bad.items()}
