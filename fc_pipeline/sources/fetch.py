"""The step that makes `sources/<name>`: get the files, read them, write documents and what could not be read."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import File, Wanted
from fc_pipeline.catalogue.pins import read_files
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.batching import chunks
from fc_pipeline.executors.ordered_map import OrderedMap
from fc_pipeline.sources.bad_rate import BadRate
from fc_pipeline.sources.read_file import read_file
from fc_pipeline.sources.readers.item import Item, sound
from fc_pipeline.sources.schema import MANY_FORMATS, STREAMED_FORMATS, FileSpec, Limits, Source, parse_source
from fc_pipeline.sources.tables import read_stream

_CHUNK_BYTES = 1 << 20
_REPORT_EVERY = 1000

Read = tuple[str, FileSpec, Item | BadInput]


def fetch_source(step: Step) -> None:
    """Writes documents.jsonl.zst and quarantine.jsonl.zst, in the order of the source's files.

    config: a source (fc_pipeline/sources/schema.py), pinned by `resolve_source`. No inputs.

    Raises:
        UserError: the source cannot be had, is not what was pinned, is broken, or is bad beyond its max_bad_rate.
    """
    source = parse_source(step.config, step.key)
    counters = step.out.counters
    bad = BadRate(f"source {source.name}", source.max_bad_rate)
    text_bytes = replaced = 0
    with step.out.records("documents.jsonl.zst") as keep, step.out.records("quarantine.jsonl.zst") as quarantine:
        items = _read(source, home=step.runtime.home, ordered_map=step.ordered_map, reading=bad.reading)
        for path, spec, item in _distinct(items):
            counters.read += 1
            if isinstance(item, BadInput):
                counters.quarantined += 1
                quarantine({"source": source.name, "path": path, "reason": item.reason, "detail": item.detail})
                lost_bytes = item.lost_bytes if spec.format in MANY_FORMATS else 0
                bad.saw(path, item, read=counters.read, lost_bytes=lost_bytes)
            elif isinstance(item, str):
                counters.drop(item)
            else:
                counters.kept += 1
                keep(_document(source, path, spec, item))
                text_bytes += len(item.text.encode())
                replaced += item.meta.get("replaced", 0)
            if counters.read % _REPORT_EVERY == 0:
                step.runtime.report({"documents": counters.read, "megabytes": round(text_bytes / 1e6, 2)})
    bad.judge(read=counters.read, kept=counters.kept, dropped=counters.dropped)
    step.out.licences = [{"licence": source.licence, "source": source.name, "documents": counters.kept}]
    step.out.metrics = {"documents": counters.kept, "text_bytes": text_bytes, "replaced_characters": replaced}


def _document(source: Source, path: str, spec: FileSpec, item: Item) -> dict[str, Any]:
    name = f"{source.name}/{path}"
    return {
        "id": f"{name}#{item.key}" if item.key else name,
        "text": item.text,
        "source": source.name,
        "domain": spec.domain or source.domain,
        "licence": source.licence,
        "meta": {**item.meta, "path": path, "format": spec.format},
    }


def _distinct(items: Iterator[Read]) -> Iterator[tuple[str, FileSpec, Item | BadInput | str]]:
    """A text in the place of a document says why it is dropped: it is empty, or comes again under its key.

    Another text under a known key is refused. The keys of one file at a time are held.
    """
    for _, of_file in groupby(items, key=lambda read: read[0]):
        digests: dict[str, bytes] = {}
        for path, spec, item in of_file:
            yield path, spec, item if isinstance(item, BadInput) else _checked(item, digests)


def _checked(item: Item, digests: dict[str, bytes]) -> Item | BadInput | str:
    if not item.text.strip():
        return "empty"
    digest = hashlib.blake2b(item.text.encode(), digest_size=16).digest()
    if item.key not in digests:
        digests[item.key] = digest
        return item
    if digests[item.key] == digest:
        return "repeated"
    return BadInput("duplicate_key", f"another of the file is called {item.key!r}; set `fields.key`")


def files_of(source: Source, home: Path) -> Iterator[File[FileSpec]]:
    """The files that the source names, as its caps allow; tables come as streams."""
    wanted = Wanted(
        specs=source.files,
        where=f"source {source.name}",
        home=home,
        streamed=lambda spec: spec.format in STREAMED_FORMATS,
        max_bytes=source.max_bytes,
        max_file_bytes=source.max_file_bytes,
        max_total_bytes=source.max_total_bytes,
    )
    return read_files(source, wanted)


def _read(source: Source, *, home: Path, ordered_map: OrderedMap, reading: Callable[[int], None]) -> Iterator[Read]:
    where = f"source {source.name}"
    # Reading markup costs far more than unpacking, so files come in as bytes here and are read in the workers.
    weighed = _weighed(files_of(source, home), reading)
    for is_bytes, files in groupby(weighed, key=lambda file: isinstance(file.content, bytes)):
        if is_bytes:
            batches = chunks(files, weight=lambda file: len(file.content), limit=_CHUNK_BYTES)  # type: ignore[arg-type]
            for read in ordered_map(partial(_read_batch, limits=source.limits, where=where), batches):
                yield from read
            continue
        for path, spec, content in files:
            assert not isinstance(content, bytes)
            if isinstance(content, BadInput):
                yield path, spec, content
            else:
                for item in read_stream(content, spec, source.limits, where=f"{where}: {path}"):
                    yield path, spec, sound(item, replace=source.limits.replace)


def _weighed(files: Iterator[File[FileSpec]], reading: Callable[[int], None]) -> Iterator[File[FileSpec]]:
    for file in files:
        if file.spec.format in MANY_FORMATS:
            reading(file.num_bytes)
        yield file


def _read_batch(files: list[File[FileSpec]], *, limits: Limits, where: str) -> list[Read]:
    read: list[Read] = []
    for path, spec, data in files:
        assert isinstance(data, bytes)
        read.extend((path, spec, item) for item in read_file(data, spec, limits, where=f"{where}: {path}"))
    return read
