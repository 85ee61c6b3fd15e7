"""Everything that a document touched: artifacts that hold its text, stages that read it, what was made from those."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.errors import UserError
from fc_pipeline.formatting import Line, columns

How = Literal["source", "holds", "read", "derived"]
"""source: holds the text before deduplication, where takedowns are applied. holds: a later artifact with the text.
read: a training stage that read the text. derived: made from a stage that read it."""

_RECORDS = ".jsonl.zst"
_DROPPED = "dropped/"
_MAY_HOLD = "its format is an earlier one: it may hold it"


@dataclass(frozen=True, kw_only=True)
class Touched:
    """An artifact that a document touched."""

    key: str
    identity: str
    how: How
    detail: str

    @property
    def certain(self) -> bool:
        """Whether the text was seen in the artifact; a later one may have read it when this cannot be told."""
        return self.how in ("source", "holds") and self.detail != _MAY_HOLD


def touched(store: Store, documents: Iterable[str]) -> list[Touched]:
    """Every artifact of the store, current or earlier, that one of these documents touched, in order of lineage.

    Token shards hold a document when they packed its tokens, image shards when an image was drawn from it. A stage
    read a document when one of its batches held a token of it, when its image shards hold it, or when its shards are
    deleted, which leaves the question open. A stage also read what its starting stage read.
    """
    wanted = set(documents)
    artifacts = everything(store)
    by_place: dict[tuple[str, str], Touched] = {}

    def add(artifact: Artifact, how: How, detail: str) -> None:
        place = (artifact.key, artifact.identity)
        by_place.setdefault(place, Touched(key=artifact.key, identity=artifact.identity, how=how, detail=detail))

    for artifact in artifacts:
        if places := list(_places(artifact, wanted)):
            add(artifact, "source" if is_before_takedowns(artifact.key) else "holds", ", ".join(places))
    holders = {place for place, item in by_place.items() if item.how == "holds"}
    for artifact in artifacts:
        if (detail := _read(artifact, store, wanted)) is not None:
            add(artifact, "read", detail)
        elif artifact.key.endswith("/tokenizer") and holders & _inputs(artifact):
            add(artifact, "read", "its sample may have held it")
        elif (images := artifact.manifest.recipe.inputs.get("images")) and (images.key, images.identity) in holders:
            add(artifact, "read", "an image that it may have seen shows its text")
    stages = {place for place, item in by_place.items() if item.how == "read" and not item.key.endswith("/tokenizer")}
    for artifact in descendants(artifacts, stages):
        add(artifact, "derived", "made from a stage that read it")
    rank = {"source": 0, "holds": 1, "read": 2, "derived": 3}
    order = {(artifact.key, artifact.identity): number for number, artifact in enumerate(artifacts)}
    return sorted(by_place.values(), key=lambda item: (rank[item.how], order[item.key, item.identity]))


def everything(store: Store) -> list[Artifact]:
    """Every whole artifact of the store, in the order of keys."""
    return [artifact for key in store.keys() for artifact in store.versions(key)]  # noqa: SIM118


def touched_lines(items: list[Touched], live: set[tuple[str, str]]) -> list[Line]:
    """The list as lines; artifacts that no track resolves to now are marked `earlier`."""
    if not items:
        return [("bold", "it touched nothing that is here")]
    rows = [
        [item.how, f"{item.key}/{item.identity}", item.detail, "" if (item.key, item.identity) in live else "earlier"]
        for item in items
    ]
    return [*(("", text) for text in columns(rows)), ("bold", f"{len(items)} artifacts touched")]


def is_before_takedowns(key: str) -> bool:
    """True for sources and what is filtered: a taken-down document stays there; deduplication drops it later."""
    return key.startswith(("sources/", "conversations/")) or "filtered" in key.split("/")


def _places(artifact: Artifact, wanted: set[str]) -> Iterator[str]:
    """The files or splits of an artifact that hold the text of one of the documents; dropped records are left out.

    Shards list every encoded document; only those with tokens in a split count.
    """
    files = {entry.path for entry in artifact.manifest.files}
    if "token_bytes.bin" in files:
        from fc_model.data.token_shards import Shards, list_splits

        rows = _rows(artifact, wanted)
        for split in list_splits(artifact.folder):
            if np.isin(Shards(artifact.folder, split).document_rows, rows).any():
                yield split
        return
    if any(path.endswith(".tar") for path in files):
        yield from _images_with(artifact, wanted)
        return
    for path in sorted(path for path in files if path.endswith(_RECORDS) and not path.startswith(_DROPPED)):
        if any(record.get("id") in wanted and "text" in record for record in read_records(artifact.path(path))):
            yield path


def _images_with(artifact: Artifact, wanted: set[str]) -> Iterator[str]:
    """Splits of image shards with an image that was drawn from one of the documents."""
    from fc_model.data.images.shards import ImageShards, list_image_splits

    try:
        splits = list_image_splits(artifact.folder)
    except UserError:  # written by an earlier version: no track resolves to it, and a takedown must not spare it
        yield _MAY_HOLD
        return
    for split in splits:
        documents = ImageShards(artifact.folder, split).table.column("documents")
        if any(not wanted.isdisjoint(shown) for shown in documents):
            yield split


def _rows(shards: Artifact, wanted: set[str]) -> list[int]:
    records = read_records(shards.path("documents.jsonl.zst"))
    return [row for row, record in enumerate(records) if record["id"] in wanted]


def _read(stage: Artifact, store: Store, wanted: set[str]) -> str | None:
    """When a stage read one of the documents, as `first in step 12 of 600, 3 times`; None when it did not."""
    config: dict[str, Any] = stage.manifest.recipe.config
    inputs = stage.manifest.recipe.inputs
    if "shards" not in inputs or "stage" not in config:
        return None
    num_steps = int(stage.metrics["steps"])
    read: set[int] = set()
    for role in ("shards", "instructions"):
        if (entry := inputs.get(role)) is None:
            continue
        shards = store.find(entry.key, entry.identity)
        if shards is None:
            return "its shards are gone: it may have"
        read.update(steps_that_read(shards, _rows(shards, wanted), config["stage"], num_steps=num_steps, role=role))
    if not read:
        return None
    return f"first in step {min(read) + 1:,} of {num_steps:,}, in {len(read):,} steps"


def steps_that_read(
    shards: Artifact, rows: list[int], stage: dict[str, Any], *, num_steps: int, role: str = "shards"
) -> list[int]:
    """Steps of a stage, from 0 and ascending, whose batch holds a token of one of these rows of the shards.

    A batch is a pure function of its number, so this is computed, not recorded. `role` is that of the shards among the
    stage's inputs: text (`shards`) or conversations (`instructions`).
    """
    from fc_model.config.stage import StageConfig
    from fc_model.data.token_shards import Shards
    from fc_model.data.windows import TrainBatches
    from fc_model.train.conversations import CONVERSATIONS, TEXT, conversation_split, text_schedule
    from fc_model.train.image_groups import group_schedule

    config = StageConfig.model_validate(stage)
    if role == "instructions":
        split, config = conversation_split(config), config.model_copy(update={"first_batch": 0})
    else:
        split = config.split
    reader = Shards(shards.folder, split)
    windows: set[int] = set()
    for ordinal in np.flatnonzero(np.isin(reader.document_rows, rows)):
        start, stop = reader.document_span(int(ordinal))
        # A window's last token is the next one's first: it is a target in the earlier and an input in the later.
        windows.update(range(max(0, start - 1) // config.seq_len, (stop - 1) // config.seq_len + 1))
    if not windows:
        return []
    batches = TrainBatches(reader, config)
    own = np.arange(num_steps)
    if config.images is not None:  # text batches alternate with batches of images
        own = np.flatnonzero(group_schedule(config.images, config.num_steps)[:num_steps] == len(config.images.groups))
    elif config.kind == "sft":
        own = np.flatnonzero(text_schedule(config)[:num_steps] == (TEXT if role == "shards" else CONVERSATIONS))
    return [int(step) for number, step in enumerate(own) if not windows.isdisjoint(batches.window_ids(number))]


def _inputs(artifact: Artifact) -> set[tuple[str, str]]:
    return {(entry.key, entry.identity) for entry in artifact.manifest.recipe.inputs.values()}


def descendants(artifacts: Sequence[Artifact], roots: set[tuple[str, str]]) -> Iterator[Artifact]:
    """Everything that was made from the roots, directly or not; the roots left out."""
    children: dict[tuple[str, str], list[Artifact]] = defaultdict(list)
    for artifact in artifacts:
        for place in _inputs(artifact):
            children[place].append(artifact)
    waiting, seen = list(roots), set(roots)
    while waiting:
        for child in children[waiting.pop()]:
            place = (child.key, child.identity)
            if place not in seen:
                seen.add(place)
                waiting.append(place)
                yield child
