"""The step that makes `<track>/images`: all images that a track trains and is judged on, mixed, capped and in order."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from operator import attrgetter
from statistics import fmean
from typing import Any

from fc_model.artifacts import Artifact
from fc_model.data.images.record import ImageRecord
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.data.images.shards import ImageShards, list_image_splits
from fc_model.errors import UserError
from fc_pipeline.engine.step import Step
from fc_pipeline.images.pack_config import PackConfig
from fc_pipeline.images.pack_order import Row, choose, interleave, natural_share, within_caps
from fc_pipeline.images.strings import TrainingStrings

TRAIN, HOLDOUT = "train", "holdout"
Shards = dict[tuple[str, str], ImageShards]
"""By (role of the input, split)."""
_COLUMNS = ("id", "kind", "family", "has_text", "has_caption", "has_questions", "sizes", "sha256")


def pack_images(step: Step) -> None:
    """Writes image shards with the splits train and holdout, each in an order of which every prefix has the mix.

    An input without a holdout of its own gives some of its samples, chosen by their ids. No training sample has an
    image of the holdout, and no two samples have the same images. Training resumes inside a shard by the numbers of
    its samples; this step chooses by the tables of records, copies what it chose, and starts anew.

    A held-out record's meta has `seen`: which of its strings training has as well (fc_pipeline/images/strings.py).

    config: PackConfig. inputs: any number of image shards. Metrics: samples, holdout_samples, vision_tokens,
    natural_token_share and text_token_share of the training split, samples_ by kind of it, distinct_ and commonest_
    shares of its strings, and the share of the holdout's strings that it has (holdout_<field>_seen_share). Dropped:
    no_image, no_target (neither text, caption nor question), not_in_mixture, duplicate, in_holdout, over_limit,
    over_natural_cap.

    Raises:
        UserError: a rule fits no image, too few images for a weight, no size for a kind, or nothing but natural images.
    """
    config = PackConfig.model_validate(step.config)
    shards = {
        (role, split): ImageShards(artifact.folder, split)
        for role, artifact in sorted(step.inputs.items())
        for split in list_image_splits(artifact.folder)
    }
    dropped: Counter[str] = Counter()
    rows = _rows(shards, config, dropped)
    step.out.counters.read = dropped.total() + sum(map(len, rows.values()))
    _check_rules(rows, shards, config)
    rows = _without_duplicates(rows, dropped)
    chosen = {split: choose(rows[split], config, split=split) for split in (HOLDOUT, TRAIN)}
    dropped["over_limit"] = sum(len(rows[split]) - len(chosen[split]) for split in chosen)
    orders = {split: interleave(chosen[split], seed=f"{config.seed}/{split}") for split in chosen}
    capped = within_caps(orders[TRAIN], config)
    dropped["over_natural_cap"] = len(orders[TRAIN]) - len(capped)
    # Once more, since what is dropped is at the end.
    orders[TRAIN] = interleave(capped, seed=f"{config.seed}/{TRAIN}")

    strings = TrainingStrings(record for _, record in _records(shards, orders[TRAIN]))
    seen = {row: strings.seen(record) for row, record in _records(shards, orders[HOLDOUT])}

    licences: Counter[tuple[str, str, str]] = Counter()
    writers = [ImageShardWriter(step.out, split=split, max_bytes=config.shard_bytes) for split in (HOLDOUT, TRAIN)]
    for writer in writers:
        for row in orders[writer.split]:
            record, images = shards[row.role, row.split].sample(row.number)
            meta = record.meta | ({"seen": seen[row]} if row in seen else {})
            writer.add(replace(record, split=writer.split, meta=meta), images)  # type: ignore[arg-type]
            licences[row.role, record.source, record.licence] += 1
    write_index(step.out, writers)

    train = orders[TRAIN]
    step.out.counters.kept += licences.total()
    step.out.counters.dropped |= +dropped
    step.out.licences = _licences(licences, step.inputs)
    natural = natural_share(train)
    step.out.metrics |= {
        "samples": len(train),
        "holdout_samples": len(orders[HOLDOUT]),
        "vision_tokens": sum(row.tokens for row in train),
        "natural_token_share": round(natural, 6),
        "text_token_share": round(1 - natural, 6) if train else 0.0,
    } | {f"samples_{kind}": count for kind, count in sorted(Counter(row.kind for row in train).items())}
    step.out.metrics |= strings.shares | _seen_shares(seen.values())


def _records(shards: Shards, rows: Iterable[Row]) -> Iterator[tuple[Row, ImageRecord]]:
    """The records of the rows, by source and number, without a byte of an image."""
    by_source: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row.role, row.split].append(row)
    for name, of_source in sorted(by_source.items()):
        of_source.sort(key=attrgetter("number"))
        yield from zip(of_source, shards[name].records([row.number for row in of_source]), strict=True)


def _seen_shares(marks: Iterable[dict[str, list[bool]]]) -> dict[str, float]:
    by_field: dict[str, list[bool]] = defaultdict(list)
    for mark in marks:
        for field, seen in mark.items():
            by_field[field] += seen
    return {f"holdout_{field}_seen_share": round(fmean(seen), 6) for field, seen in sorted(by_field.items())}


def _rows(shards: Shards, config: PackConfig, dropped: Counter[str]) -> dict[str, list[Row]]:
    """The usable samples by the split that they go to; all others are counted."""
    rows: dict[str, list[Row]] = {HOLDOUT: [], TRAIN: []}
    for (role, split), source in shards.items():
        held_out = shards.get((role, HOLDOUT), ())
        share = 0.0 if len(held_out) else config.holdout_share
        for number, known in enumerate(source.table.rows(*_COLUMNS)):
            rule = config.rule(role=role, kind=known["kind"])
            reason = _unusable(known)
            if reason is not None or rule is None:
                dropped[reason or "not_in_mixture"] += 1
                continue
            row = Row(
                role=role,
                split=split,
                number=number,
                kind=known["kind"],
                family=known["family"],
                rule=rule,
                tokens=config.vision_tokens(kind=known["kind"], num_images=len(known["sizes"])),
                digests=tuple(known["sha256"]),
            )
            rows[HOLDOUT if split == HOLDOUT or _held_out(known["id"], share) else TRAIN].append(row)
    return rows


def _unusable(known: dict[str, Any]) -> str | None:
    """Why nothing can be learned from a sample."""
    if not all(known["sizes"]):
        return "no_image"
    return None if known["has_text"] or known["has_caption"] or known["has_questions"] else "no_target"


def _held_out(id_: str, share: float) -> bool:
    """True for that share of the ids, the same ones whatever else there is."""
    return int.from_bytes(hashlib.sha256(id_.encode()).digest()[:8], "big") < share * 2**64


def _check_rules(rows: dict[str, list[Row]], shards: Shards, config: PackConfig) -> None:
    used = {row.rule for members in rows.values() for row in members}
    unused = [rule for number, rule in enumerate(config.take) if number not in used]
    if unused:
        kinds = sorted({f"{role}: {kind}" for (role, _), source in shards.items() for kind in source.summary["kinds"]})
        raise UserError(
            f"images: take of kind {unused[0].kind!r} of input {unused[0].input!r} gets no usable image; correct the "
            f"glob, or put it before the rule that took them. There are {', '.join(kinds) or 'no images at all'}"
        )


def _without_duplicates(rows: dict[str, list[Row]], dropped: Counter[str]) -> dict[str, list[Row]]:
    """The first of the samples with equal images, the holdout's before all, and no training image that is held out."""
    held_out = {digest for row in rows[HOLDOUT] for digest in row.digests}
    apart = [row for row in rows[TRAIN] if held_out.isdisjoint(row.digests)]
    dropped["in_holdout"] = len(rows[TRAIN]) - len(apart)
    first: dict[tuple[bytes, ...], tuple[str, Row]] = {}
    for split, row in [*((HOLDOUT, row) for row in rows[HOLDOUT]), *((TRAIN, row) for row in apart)]:
        first.setdefault(row.digests, (split, row))
    dropped["duplicate"] = len(rows[HOLDOUT]) + len(apart) - len(first)
    return {name: [row for split, row in first.values() if split == name] for name in (HOLDOUT, TRAIN)}


def _licences(counts: Counter[tuple[str, str, str]], inputs: dict[str, Artifact]) -> list[dict[str, Any]]:
    """Samples by source and licence, and what went into inputs that are made of other sources (fonts, texts)."""
    documents: Counter[tuple[str, str]] = Counter()
    for (_, source, licence), count in counts.items():
        documents[source, licence] += count
    own = {source for source, _ in documents}
    for role in sorted({role for role, _, _ in counts}):
        for entry in inputs[role].manifest.licences:
            if entry["source"] not in own:
                documents[entry["source"], entry["licence"]] = entry["documents"]
    return [
        {"licence": licence, "source": source, "documents": count}
        for (source, licence), count in sorted(documents.items())
    ]
