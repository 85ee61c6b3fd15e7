"""Draws image number n of a kind: a pure function of (config, fonts, text, kind, split, n), whoever draws it."""

import hashlib
import io
import random
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from fc_model.data.images.record import ImageRecord, Split
from fc_model.errors import UserError
from fc_pipeline.images.fonts.faces import load_faces
from fc_pipeline.images.strings import string_split
from fc_pipeline.images.synthesis.check import check_page
from fc_pipeline.images.synthesis.face import Faces, NotDrawn
from fc_pipeline.images.synthesis.handheld import hold
from fc_pipeline.images.synthesis.kinds import kinds
from fc_pipeline.images.synthesis.page import Kind, Page
from fc_pipeline.images.synthesis.photographs import Photograph, Photographs
from fc_pipeline.images.synthesis.text_pool import CorpusText, read_passages
from fc_pipeline.images.synthesis_config import KindConfig, SynthesisConfig

SOURCE = "synthetic"
_PNG_LEVEL = 3
"""Of zlib. Measured on lines: 6 saves nothing and takes twice the time, 9 saves 1% and takes six times."""
_OTHER_SPLIT = "string_of_other_split"
_STRING_TRIES = 20
"""Draws for each of max_attempts, since nine of ten short strings are not the holdout's."""


class Job(NamedTuple):
    """One image."""

    kind: str
    split: Split
    number: int


class Plan(NamedTuple):
    """What all images have in common; small, and as text, so that it may be sent to any worker."""

    config: str
    """A SynthesisConfig as JSON."""
    fonts: str
    """Folder of the fonts artifact."""
    text: dict[str, tuple[str, str]]
    """{split: (file of passages, its sha256)}."""
    photographs: tuple[Photograph, ...] = ()


class Drawn(NamedTuple):
    """An image and what went wrong on the way to it."""

    record: dict[str, Any]
    image: bytes
    discarded: dict[str, int]
    """{reason: draws that were given up}."""


def draw_batch(jobs: Sequence[Job], *, plan: Plan) -> list[Drawn]:
    """The images of some jobs, in their order. Raises UserError when one cannot be drawn, or contradicts itself."""
    config = _parsed(plan.config)
    return [
        Drawn(record.to_json(), encode(page.image, config.kinds[record.kind]), discarded)
        for page, record, discarded in (draw_page(Job(*job), plan=plan) for job in jobs)
    ]


def draw_page(job: Job, *, plan: Plan) -> tuple[Page, ImageRecord, dict[str, int]]:
    """An image as a page, its record, and {reason: draws that were given up}. Raises UserError as `draw_batch` does."""
    config = _parsed(plan.config)
    faces, text = _materials(plan.config, plan.fonts, *plan.text[job.split], job.split)
    photographs, known = _kinds(plan.config, tuple(each for each in plan.photographs if each[0] == job.split))
    kind = known[job.kind]
    where = f"{SOURCE}/{job.split}/{job.kind}/{job.number}"
    layouts = kind.held_out if job.split == "holdout" else kind.layouts
    discarded: Counter[str] = Counter()
    for attempt in range(_STRING_TRIES * config.max_attempts):
        if discarded.total() - discarded[_OTHER_SPLIT] >= config.max_attempts:
            break
        seed = hashlib.sha256(f"{config.seed}:{job.kind}:{job.split}:{job.number}:{attempt}".encode()).digest()
        rng = random.Random(int.from_bytes(seed))
        text.taken()
        photographs.taken()
        try:
            page = kind.render(rng, text.plain if kind.plain else text, faces, rng.choice(layouts))
            if job.kind.startswith("document/") and rng.random() < config.handheld_share:
                hold(page, rng)
        except NotDrawn as given_up:
            discarded[given_up.reason] += 1
            continue
        if page.clipped or not page.words:
            discarded["clipped" if page.clipped else "no_text"] += 1
            continue
        if len(page.lines) == 1 and string_split(page.text, config.strings) not in (None, job.split):
            discarded[_OTHER_SPLIT] += 1  # words were cut off to fit, or it is no text of the corpus
            continue
        record = _record(page, job, text=text, photographs=photographs, config=config, where=where)
        check_page(page, where=f"{where} ({page.meta.get('layout')})")
        return page, record, dict(discarded)
    raise UserError(
        f"{where}: none of {discarded.total()} draws gave an image ({dict(discarded)}); "
        "give the kind more room, text or faces, or raise max_attempts"
    )


def encode(image: Image.Image, config: KindConfig) -> bytes:
    """An RGB picture as a file in the kind's format; PNG with one channel when there is no colour in it."""
    file = io.BytesIO()
    if config.format == "png":
        red, green, blue = image.split()
        grey = red.tobytes() == green.tobytes() == blue.tobytes()
        (red if grey else image).save(file, "PNG", compress_level=_PNG_LEVEL)
    elif config.format == "jpg":
        image.save(file, "JPEG", quality=config.quality)
    else:
        image.save(file, "WEBP", quality=config.quality, method=2)
    return file.getvalue()


def split_faces(faces: Faces, held_out: Sequence[str], *, split: Split) -> Faces:
    """The faces of a split. Raises UserError when a name is unknown, or a split has none."""
    names = [face.name for face in faces.faces]
    unknown = sorted(set(held_out) - set(names))
    if unknown:
        raise UserError(f"held_out_faces: there is no face {', '.join(unknown)}; there are {', '.join(names)}")
    chosen = [face for face in faces.faces if (face.name in held_out) == (split == "holdout")]
    if not chosen:
        raise UserError(f"held_out_faces: no face is left for {split}; hold out fewer, or fetch more fonts")
    return Faces(chosen)


def _record(
    page: Page, job: Job, *, text: CorpusText, photographs: Photographs, config: SynthesisConfig, where: str
) -> ImageRecord:
    passages, grounds = text.taken(), photographs.taken()
    licences = sorted({passage.licence for passage in passages} | {ground.licence for ground in grounds})
    if grounds:
        page.meta["photographs"] = [each.id for each in grounds]
    return ImageRecord(
        id=where,
        source=SOURCE,
        kind=job.kind,
        family="text",
        licence=" AND ".join(licences) if licences else "CC0-1.0",  # nothing but generated values
        width=page.image.width,
        height=page.image.height,
        images=[config.kinds[job.kind].format],
        split=job.split,
        text=page.text,
        words=page.words,
        lines=page.lines,
        caption=page.caption,
        questions=page.questions,
        meta=page.meta | {"documents": [passage.id for passage in passages]},
    )


@lru_cache(maxsize=2)
def _parsed(raw: str) -> SynthesisConfig:
    return SynthesisConfig.model_validate_json(raw)


@lru_cache(maxsize=4)
def _kinds(raw: str, photographs: tuple[Photograph, ...]) -> tuple[Photographs, dict[str, Kind]]:
    grounds = Photographs([Photograph(*each) for each in photographs])
    return grounds, kinds(_parsed(raw), grounds)


@lru_cache(maxsize=4)
def _materials(config: str, fonts: str, path: str, digest: str, split: Split) -> tuple[Faces, CorpusText]:
    parsed = _parsed(config)
    faces = split_faces(load_faces(Path(fonts)), parsed.held_out_faces, split=split)
    return faces, CorpusText(read_passages(Path(path), digest), faces, split=split, strings=parsed.strings)
