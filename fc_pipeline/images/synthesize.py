"""The step that makes `<track>/synthetic`: images whose text and boxes are known exactly, as image shards."""

import hashlib
import heapq
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice

from fc_model.artifacts import read_records
from fc_model.data.images.decode import decode_stored
from fc_model.data.images.record import ImageRecord, Split
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.data.images.shards import ImageShards, list_image_splits
from fc_model.errors import UserError
from fc_pipeline.engine.step import Step
from fc_pipeline.images.fonts.faces import load_faces
from fc_pipeline.images.synthesis.kinds import kinds
from fc_pipeline.images.synthesis.passages import write_passages
from fc_pipeline.images.synthesis.photographs import Photograph
from fc_pipeline.images.synthesis.renderer import Drawn, Job, Plan, draw_batch, split_faces
from fc_pipeline.images.synthesis_config import SynthesisConfig

PHOTOGRAPHS = "photographs_"
"""What roles of inputs with photographs begin with."""
SPLITS: tuple[Split, ...] = ("train", "holdout")


def synthesize(step: Step) -> None:
    """Writes the image shards `train` and `holdout`, with the kinds of each mixed evenly from its beginning to its end.

    Training images have training documents' text, the holdout has held-out documents', faces and layouts.

    config: SynthesisConfig. inputs: `fonts` (images/fonts), `documents` (corpus/<corpus>/split), `photographs_<name>`
    (images/<name>) for each that the config names; their held-out pictures lie under held-out scenes. Metrics: images,
    words, characters, faces, train_images, holdout_images, images_<kind>, images_<style of the faces>. Counters: draws
    that were given up, by reason.

    Raises:
        UserError: an unknown kind or face, too little text, or an image that contradicts its record.
    """
    config = SynthesisConfig.model_validate(step.config)
    known = kinds(config)
    unknown = sorted(set(config.kinds) - set(known))
    if unknown:
        raise UserError(f"{step.key}: there is no kind {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    fonts = load_faces(step.inputs["fonts"].folder)
    styles = {face.name: face.style for face in fonts.faces}
    for split in SPLITS:
        split_faces(fonts, config.held_out_faces, split=split)
    plan = Plan(
        config.model_dump_json(), str(step.inputs["fonts"].folder), _texts(step, config), tuple(_photographs(step))
    )
    counts: Counter[str] = Counter()
    licences: Counter[tuple[str, str]] = Counter()
    used: set[str] = set()
    began = time.monotonic()
    writers = []
    for split in SPLITS:
        writer = ImageShardWriter(step.out, split=split, max_bytes=config.shard_bytes)
        jobs = jobs_of(config, split)
        batches = iter(lambda: list(islice(jobs, config.batch_images)), [])  # noqa: B023  (used before the next split)
        for drawn in step.ordered_map(partial(draw_batch, plan=plan), batches):
            for each in drawn:
                record = ImageRecord.from_json(each.record)
                writer.add(record, [each.image])
                used |= set(record.meta.get("fonts", []))
                licences[record.licence, record.source] += 1
                _count(step, counts, each, record, styles=styles)
            seconds = time.monotonic() - began
            step.runtime.report({"images": counts["images"], "images_per_second": round(counts["images"] / seconds, 1)})
        writers.append(writer)
    write_index(step.out, writers)
    step.out.licences = [
        {"licence": licence, "source": source, "documents": count}
        for (licence, source), count in sorted(licences.items())
    ]
    step.out.metrics = {**dict(sorted(counts.items())), "faces": len(used)}
    step.out.run["images_per_second"] = round(counts["images"] / (time.monotonic() - began), 1)


def jobs_of(config: SynthesisConfig, split: Split) -> Iterator[Job]:
    """The images of a split in the order in which they are stored: any stretch has the kinds in their shares."""
    return (
        Job(name, split, number)
        for _, name, number in heapq.merge(*(_spread(config, name, split) for name in sorted(config.kinds)))
    )


def _spread(config: SynthesisConfig, name: str, split: Split) -> Iterator[tuple[float, str, int]]:
    """Places in [0, 1), evenly."""
    kind = config.kinds[name]
    count = kind.train
    if split == "holdout":
        count = round(kind.train * config.holdout_share) if kind.holdout is None else kind.holdout
    return (((number + 0.5) / count, name, number) for number in range(count))


def _texts(step: Step, config: SynthesisConfig) -> dict[str, tuple[str, str]]:
    """Writes the passages of both splits where every worker can read them."""
    folder = step.out.workspace("text")
    caps = {"train": config.text.train_chars, "holdout": config.text.holdout_chars}
    texts: dict[str, tuple[str, str]] = {}
    for split in SPLITS:
        path = folder / f"{split}.jsonl"
        digest = write_passages(
            read_records(step.inputs["documents"].path(f"{split}.jsonl.zst")),
            path,
            max_chars=caps[split],
            max_document_chars=config.text.document_chars,
            seed=config.seed,
        )
        texts[split] = (str(path), digest)
    return texts


def _photographs(step: Step) -> Iterator[Photograph]:
    """Writes the natural pictures of the inputs where every worker can read them."""
    folder = step.out.workspace("photographs")
    for role, artifact in sorted(step.inputs.items()):
        if not role.startswith(PHOTOGRAPHS):
            continue
        for split in SPLITS:
            if split not in list_image_splits(artifact.folder):
                continue
            for number, sample in enumerate(ImageShards(artifact.folder, split).samples()):
                if sample.record.family == "natural":
                    path = folder / f"{role}-{split}-{number}.png"
                    decode_stored(sample.images[0], name=sample.record.id).save(path, compress_level=1)
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    yield Photograph(split, str(path), digest, sample.record.id, sample.record.licence)


def _count(step: Step, counts: Counter[str], drawn: Drawn, record: ImageRecord, *, styles: dict[str, str]) -> None:
    counters = step.out.counters
    counters.read += 1 + sum(drawn.discarded.values())
    counters.kept += 1
    for reason, number in drawn.discarded.items():
        counters.drop(reason, number)
    counts["images"] += 1
    counts[f"{record.split}_images"] += 1
    counts[f"images_{record.kind}"] += 1
    counts["words"] += len(record.words)
    counts["characters"] += len(record.text or "")
    for style in sorted({styles[name] for name in record.meta.get("fonts", [])}):
        counts[f"images_{style}"] += 1
