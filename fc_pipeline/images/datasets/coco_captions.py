"""COCO captions: five or more captions of each photograph.

Format (cocodataset.org/#format-data): `annotations/captions_{train,val}{2014,2017}.json` = {info, licenses: [{id, name,
url}], images: [{id, file_name, width, height, license, coco_url, flickr_url, date_captured}], annotations: [{id,
image_id, caption}]}; images in `{train,val}{2014,2017}/<file_name>`, also below `images/`. Every photograph has its own
licence.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets.annotations import distinct, split_of
from fc_pipeline.images.datasets.base import MALFORMED, BadRecord, Entries, Result, Sample, SetFolder

_CREATIVE_COMMONS = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)")

_Photo = tuple[dict[str, Any], list[dict[str, Any]], dict[int, str]]
"""An entry of `images`, its annotations, the licences by their id."""


def read(data: SetFolder) -> Iterator[Result]:
    """One record an image; the first caption is `caption`, all are in meta. UserError without captions_*.json."""
    return data.file_samples(data.files("**/captions_*.json"), _photos, _sample)


def _photos(data: SetFolder, path: Path) -> Entries[_Photo]:
    content = data.json(path)
    try:
        members = [content[name] for name in ("images", "annotations")] if isinstance(content, dict) else []
        if len(members) != 2 or not all(isinstance(member, list) for member in members):
            raise BadInput("invalid_annotations", "no lists 'images' and 'annotations' in it")
        licences = {entry["id"]: _licence(entry) for entry in content.get("licenses") or []}
    except MALFORMED as error:
        raise BadInput("invalid_annotations", f"licenses: {type(error).__name__}: {error}") from error
    annotations = list(data.grouped(members[1], by="image_id"))
    captions = dict(group for group in annotations if not isinstance(group, BadRecord))
    return [group for group in annotations if isinstance(group, BadRecord)] + [
        group if isinstance(group, BadRecord) else (group[0], (group[1][0], captions.get(group[0], []), licences))
        for group in data.grouped(members[0], by="id")
    ]


def _sample(data: SetFolder, key: str, photo: _Photo, *, part: Path) -> Sample:
    entry, annotations, licences = photo
    name = part.stem.removeprefix("captions_")
    image = data.picture(*(f"{place}{name}/{entry['file_name']}" for place in ("", "images/")))
    if (image.width, image.height) != (entry["width"], entry["height"]):
        stated = f"{entry['width']}x{entry['height']}"
        raise BadInput("size_mismatch", f"{image.width}x{image.height} pixels, the annotations say {stated}")
    texts = distinct(annotation.get("caption", "") for annotation in annotations)
    if not texts:
        raise BadInput("no_caption", "an image without any caption")
    return data.sample(
        image,
        f"{name}/{key}",
        kind="photo",
        family="natural",
        licence=licences.get(entry.get("license", 0), "LicenseRef-not-stated"),
        split=split_of(name),
        caption=texts[0],
        meta={"captions": texts, "url": entry.get("flickr_url") or entry.get("coco_url")},
    )


def _licence(entry: dict[str, Any]) -> str:
    """SPDX of the Creative Commons licences; the two others of the set are no licences but statements."""
    match = _CREATIVE_COMMONS.search(entry["url"])
    if match:
        return f"CC-{match[1].upper()}-{match[2]}"
    return "LicenseRef-" + re.sub(r"[^A-Za-z0-9.]+", "-", entry["name"]).strip("-")
