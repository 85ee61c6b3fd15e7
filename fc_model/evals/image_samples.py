"""Which held-out images are judged, and on what: chosen by a seed, at most so many of each task and kind."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from fc_model.config.image_stage import ImageGroup, Task
from fc_model.data.images.record import ImageRecord
from fc_model.data.images.shards import ImageShards
from fc_model.seed import derive_seed
from fc_model.vision.prompts import DESCRIBE, READ, question_prompt


@dataclass(frozen=True, kw_only=True)
class ImageSample:
    """One thing to say about one image."""

    number: int
    """Of the sample in its split."""
    id: str
    kind: str
    task: Task
    """recognize: by the encoder's CTC head alone."""
    group: int
    """Of the stage's groups."""
    size: tuple[int, int]
    """Width and height of the image, in pixels."""
    prompt: str
    answers: list[str]
    """Any is right."""
    votes: list[str] | None = None
    """What each annotator answered, where there were several."""
    question_kind: str | None = None
    fonts: tuple[str, ...] = ()
    layout: str | None = None
    seen: bool | None = None
    """Whether training has an image with this answer (to this question); None when the shards do not tell."""


def choose_samples(shards: ImageShards, groups: list[ImageGroup], *, max_samples: int, seed: int) -> list[ImageSample]:
    """Samples in the order of task, kind and number; of an image with several questions one is drawn.

    An image belongs to the first group of a task that takes it. What a group reads is not asked of the CTC head
    alone as well: its figures come with the reading.
    """
    kinds = list(shards.table.column("kind"))
    by_task: dict[tuple[Task, str], list[tuple[int, int]]] = defaultdict(list)
    for number, places in _groups_of(shards, groups).items():
        if "read" in places:
            places.pop("recognize", None)
        for task, group in places.items():
            by_task[task, kinds[number]].append((number, group))
    chosen = []
    for (task, kind), candidates in sorted(by_task.items()):
        rng = random.Random(derive_seed(seed, "image samples", task, kind))
        drawn = sorted(rng.sample(candidates, k=min(max_samples, len(candidates))))
        chosen += [(number, task, group) for number, group in drawn]
    numbers = sorted({number for number, _, _ in chosen})
    records = dict(zip(numbers, shards.records(numbers), strict=True))
    return [_sample(number, records[number], task, group, seed) for number, task, group in chosen]


def some_of_each(samples: list[ImageSample], *, max_samples: int, seed: int) -> list[ImageSample]:
    """At most so many of each task and kind, in their order."""
    places: dict[tuple[Task, str], list[int]] = defaultdict(list)
    for place, sample in enumerate(samples):
        places[sample.task, sample.kind].append(place)
    kept: list[int] = []
    for (task, kind), candidates in sorted(places.items()):
        rng = random.Random(derive_seed(seed, "some image samples", task, kind))
        kept += rng.sample(candidates, k=min(max_samples, len(candidates)))
    return [samples[place] for place in sorted(kept)]


def choose_captioned(
    shards: ImageShards, groups: list[ImageGroup], *, max_samples: int, seed: int
) -> list[ImageSample]:
    """Images for retrieval, over all kinds, in order of number; of those with equal captions only the first."""
    groups_of = _groups_of(shards, groups).items()
    captioned = {number: places["caption"] for number, places in groups_of if "caption" in places}
    first: dict[str, ImageSample] = {}
    for (number, group), record in zip(captioned.items(), shards.records(captioned), strict=True):
        first.setdefault(record.caption or "", _sample(number, record, "caption", group, seed))
    candidates = list(first.values())
    rng = random.Random(derive_seed(seed, "retrieval"))
    return sorted(rng.sample(candidates, k=min(max_samples, len(candidates))), key=lambda sample: sample.number)


def _groups_of(shards: ImageShards, groups: list[ImageGroup]) -> dict[int, dict[Task, int]]:
    """The first group of each task that a sample is for, by the sample's number, ascending."""
    places: dict[int, dict[Task, int]] = defaultdict(dict)
    for place, group in enumerate(groups):
        for number in shards.fitting(group).tolist():
            places[number].setdefault(group.task, place)
    return dict(sorted(places.items()))


def _sample(number: int, record: ImageRecord, task: Task, group: int, seed: int) -> ImageSample:
    about: dict[str, Any] = {
        "number": number,
        "id": record.id,
        "kind": record.kind,
        "task": task,
        "group": group,
        "size": (record.width, record.height),
        "fonts": tuple(record.meta.get("fonts", ())),
        "layout": record.meta.get("layout"),
    }
    seen = record.meta.get("seen", {})
    if task == "caption":
        return ImageSample(prompt=DESCRIBE, answers=[record.caption or ""], seen=_first(seen.get("caption")), **about)
    if task != "answer":
        return ImageSample(prompt=READ, answers=[record.text or ""], seen=_first(seen.get("text")), **about)
    place = random.Random(derive_seed(seed, "question", record.id)).randrange(len(record.questions))
    question = record.questions[place]
    return ImageSample(
        prompt=question_prompt(question.question),
        answers=question.answers,
        votes=record.meta.get("votes", {}).get(question.question),
        question_kind=question.kind,
        seen=_first(seen.get("question", [])[place : place + 1]),
        **about,
    )


def _first(seen: list[bool] | None) -> bool | None:
    return seen[0] if seen else None
