"""COCO captions: five or more captions of each photograph.

Format (cocodataset.org/#format-data): `annotations/captions_{train,val}{2014,2017}.json` = {info, licenses: [{id, name,
url}], images: [{id, file_name, width, height, license, coco_url, flickr_url, date_captured}], annotations: [{id,
image_id, caption}]}; images in `{train,val}{2014,2017}/<file_name>`, also below `images/`. Every photograph has its own
licence.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fc_pipeline.images.datasets.annotations import annotation_files, grouped, json_beside, split_of
from fc_pipeline.images.datasets.base import MALFORMED, BadInput, BadRecord, DatasetLimits, Result, Sample, samples
from fc_pipeline.images.datasets.pictures import image_sample, picture_file

NAME = "coco_captions"
_CREATIVE_COMMONS = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)")


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image; the first caption is `caption`, all are in meta. UserError without captions_*.json."""
    for path in annotation_files(folder, "**/captions_*.json", source=NAME):
        part = path.stem.removeprefix("captions_")
        try:
            content = json_beside(path, limits)
            members = [content[name] for name in ("images", "annotations")] if isinstance(content, dict) else []
            if len(members) != 2 or not all(isinstance(member, list) for member in members):
                raise BadInput("invalid_annotations", "no lists 'images' and 'annotations' in it")
            licences = {entry["id"]: _licence(entry) for entry in content.get("licenses") or []}
        except BadInput as bad:
            yield BadRecord(id=f"{NAME}/{path.name}", reason=bad.reason, detail=bad.detail)
            continue
        except MALFORMED as error:
            detail = f"licenses: {type(error).__name__}: {error}"
            yield BadRecord(id=f"{NAME}/{path.name}", reason="invalid_annotations", detail=detail)
            continue
        captions: dict[str, list[str]] = defaultdict(list)
        for group in grouped(members[1], by="image_id", source=NAME):
            if isinstance(group, BadRecord):
                yield group
            else:
                captions[group[0]] = [entry.get("caption", "") for entry in group[1]]
        build = partial(_sample, folder=folder, part=part, captions=captions, licences=licences, limits=limits)
        yield from samples(NAME, grouped(members[0], by="id", source=NAME), build, limits=limits)


def _sample(
    key: str,
    entries: list[dict[str, Any]],
    *,
    folder: Path,
    part: str,
    captions: dict[str, list[str]],
    licences: dict[int, str],
    limits: DatasetLimits,
) -> Sample:
    entry = entries[0]
    names = [f"{place}{part}/{entry['file_name']}" for place in ("", "images/")]
    image = picture_file(folder, *names, limits=limits.image)
    if (image.width, image.height) != (entry["width"], entry["height"]):
        stated = f"{entry['width']}x{entry['height']}"
        raise BadInput("size_mismatch", f"{image.width}x{image.height} pixels, the annotations say {stated}")
    texts = [text for text in dict.fromkeys(text.strip() for text in captions.get(key, [])) if text]
    if not texts:
        raise BadInput("no_caption", "an image without any caption")
    return image_sample(
        NAME,
        image,
        id=f"{NAME}/{part}/{key}",
        kind="photo",
        family="natural",
        licence=licences.get(entry.get("license", 0), "LicenseRef-not-stated"),
        split=split_of(part),
        caption=texts[0],
        meta={"captions": texts, "url": entry.get("flickr_url") or entry.get("coco_url")},
    )


def _licence(entry: dict[str, Any]) -> str:
    """SPDX of the Creative Commons licences; the two others of the set are no licences but statements."""
    found = _CREATIVE_COMMONS.search(entry["url"])
    if found:
        return f"CC-{found[1].upper()}-{found[2]}"
    return "LicenseRef-" + re.sub(r"[^A-Za-z0-9.]+", "-", entry["name"]).strip("-")
