"""The step that makes `images/<name>`: get the files, render or decode them, write image shards and a quarantine."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from fc_model.data.images.decode import BadImage
from fc_model.data.images.record import ImageRecord
from fc_model.data.images.shard_writer import ImageShardWriter, write_index
from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.globs import matches
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.batching import chunks
from fc_pipeline.images.datasets.base import BadRecord, SetFolder
from fc_pipeline.images.datasets.catalogue import DATASETS
from fc_pipeline.images.datasets.listing import listing
from fc_pipeline.images.datasets.registry import READERS as SETS
from fc_pipeline.images.sources.entry import Dropped, Entry, Made, Refused, Result
from fc_pipeline.images.sources.files import open_files
from fc_pipeline.images.sources.readers.registry import READERS
from fc_pipeline.images.sources.schema import DatasetReader, ImageSource, parse_image_source
from fc_pipeline.sources.bad_rate import BadRate

_CHUNK_BYTES = 1 << 20
_ENTRY_BYTES = 1 << 14
"""What an entry weighs besides its bytes, so that a batch of tiny ones is not thousands long."""
_REPORT_EVERY = 500


def fetch_images(step: Step) -> None:
    """Writes image shards train and holdout, and quarantine.jsonl.zst, in the order of the source's files.

    config: a source of images (fc_pipeline/images/sources/schema.py), pinned by `resolve_image_source`. No inputs.
    An image that comes again, pixel for pixel, is dropped, so that no image of the holdout is in training.

    Raises:
        UserError: the source cannot be had, is not what was pinned, is broken, or is bad beyond its max_bad_rate.
    """
    source = parse_image_source(step.config, step.key)
    out = step.out
    bad = BadRate(f"images {source.name}", source.max_bad_rate)
    writers = {split: ImageShardWriter(out, split=split) for split in ("train", "holdout")}
    totals: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    with out.records("quarantine.jsonl.zst") as quarantine:
        for result in _distinct(_results(step, source)):
            out.counters.read += 1
            if isinstance(result, Refused):
                out.counters.quarantined += 1
                quarantine({"source": source.name, **result._asdict()})
                bad.saw(result.path, BadInput(result.reason, result.detail), read=out.counters.read)
            elif isinstance(result, Dropped):
                out.counters.drop(result.reason)
            else:
                out.counters.kept += 1
                record = _decided(result, source)
                writers[record.split].add(record, result.images)
                licences[record.licence] += 1
                totals += Counter(
                    records=1,
                    images=len(result.images),
                    image_bytes=sum(map(len, result.images)),
                    captions=record.caption is not None,
                    questions=len(record.questions),
                    words=len(record.words),
                    holdout_records=record.split == "holdout",
                )
            if out.counters.read % _REPORT_EVERY == 0:
                step.runtime.report({"images": totals["images"], "megabytes": round(totals["image_bytes"] / 1e6, 2)})
    bad.judge(read=out.counters.read, kept=out.counters.kept, dropped=out.counters.dropped)
    write_index(out, [writer for _, writer in sorted(writers.items())])
    out.licences = [
        {"licence": licence, "source": source.name, "documents": count} for licence, count in sorted(licences.items())
    ]
    names = ("records", "images", "image_bytes", "captions", "questions", "words", "holdout_records")
    out.metrics = {name: totals[name] for name in names}


def _results(step: Step, source: ImageSource) -> Iterator[Result]:
    if isinstance(source.reader, DatasetReader):
        yield from _read_set(source, source.reader)
        return
    reader = READERS[source.reader.kind]
    files = partial(open_files, source, step.runtime.home)
    finish = partial(_finish, source=source, shared=reader.prepare(source, files) if reader.prepare else {})
    entries = _capped(reader.entries(source, files), source)
    for results in step.ordered_map(finish, chunks(entries, weight=_weight, limit=_CHUNK_BYTES)):
        yield from results


def _read_set(source: ImageSource, reader: DatasetReader) -> Iterator[Made | Refused]:
    """The records of a public set, named `<source>/<path>`, in its order and with its own split."""
    check_folder(reader, source.name)
    data = SetFolder(name=reader.dataset, folder=reader.path, limits=reader, image=source.caps.image)
    prefix = f"{reader.dataset}/"
    for result in SETS[reader.dataset](data):
        if isinstance(result, BadRecord):
            yield Refused(result.id.removeprefix(prefix), result.reason, result.detail)
        else:
            record, images = result
            path = record.id.removeprefix(prefix)
            named = replace(record, id=f"{source.name}/{path}", source=source.name)
            yield Made(path, named.to_json(), images, record.split)


def check_folder(reader: DatasetReader, name: str) -> None:
    """Raises UserError when the folder of a set is not there (names the set and where it can be had), or holds
    something else than when the graph was built, or than the source states.
    """
    folder, known = reader.path, DATASETS[reader.dataset]
    if not folder.is_dir():
        raise UserError(
            f"images {name}: the data set {reader.dataset} is not in {folder}; get it from {known.reference} and put "
            f"there: {known.layout}"
        )
    held = listing(folder)
    if reader.manifest_sha256 is None and (reader.content is None or reader.content.sha256 != held.sha256):
        raise UserError(f"images {name}: {folder} changed after the run was planned; run again")
    if reader.manifest_sha256 is not None and reader.manifest_sha256 != held.sha256:
        raise UserError(
            f"images {name}: {folder} holds {held.files:,} files of {held.bytes:,} bytes with the digest "
            f"{held.sha256}, which is not its manifest_sha256; bring the set back, or state this digest"
        )


def _finish(batch: list[Entry | Dropped], *, source: ImageSource, shared: dict[str, bytes]) -> list[Result]:
    results: list[Result] = []
    for entry in batch:
        if isinstance(entry, Dropped):
            results.append(entry)
        elif isinstance(entry.content, BadInput):
            results.append(Refused(entry.path, entry.content.reason, entry.content.detail))
        else:
            try:
                results += READERS[source.reader.kind].finish(entry, source, shared)
            except (BadInput, BadImage) as error:
                results.append(Refused(entry.path, error.reason, error.detail))
    return results


def _capped(entries: Iterable[Entry | Dropped], source: ImageSource) -> Iterator[Entry | Dropped]:
    """At most `max_images` entries, those whose paths have the smallest hashes; the others are dropped."""
    if source.max_images is None:
        yield from entries
        return
    everything = list(entries)
    paths = sorted((each.path for each in everything if isinstance(each, Entry)), key=lambda path: _hash(path, "cap"))
    chosen = set(paths[: source.max_images])
    for each in everything:
        yield each if isinstance(each, Dropped) or each.path in chosen else Dropped(each.path, "above_max_images")


def _distinct(results: Iterable[Result]) -> Iterator[Result]:
    paths: set[str] = set()
    seen: set[bytes] = set()
    for result in results:
        if isinstance(result, Made):
            digest = hashlib.blake2b(b"".join(result.images), digest_size=16).digest()
            if result.path in paths:
                yield Refused(result.path, "duplicate_path", "another record has this path; narrow a glob")
                continue
            if digest in seen:
                yield Dropped(result.path, "repeated_image")
                continue
            paths.add(result.path)
            seen.add(digest)
        yield result


def _decided(result: Made, source: ImageSource) -> ImageRecord:
    """The record with its split, and with whom the source asks to be named."""
    record = ImageRecord.from_json(result.record)
    if source.attribution is not None:
        record = replace(record, meta={**record.meta, "attribution": source.attribution})
    if result.split is not None:
        is_held_out = result.split == "holdout"
    else:
        file = result.path.split("#")[0]
        share = int.from_bytes(_hash(result.path, f"holdout {source.seed}")[:8], "big") / 2**64
        is_held_out = share < source.holdout or any(matches(file, glob) for glob in source.holdout_files)
    return replace(record, split="holdout" if is_held_out else "train")


def _hash(path: str, what: str) -> bytes:
    return hashlib.sha256(f"{what}/{path}".encode()).digest()


def _weight(entry: Entry | Dropped) -> int:
    return _ENTRY_BYTES + (len(entry.content) if isinstance(entry, Entry) and isinstance(entry.content, bytes) else 0)
