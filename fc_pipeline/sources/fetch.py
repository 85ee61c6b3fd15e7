"""The step that makes `sources/<name>`: get the files, read them, write documents and what could not be read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.sources.hub import read_hub
from fc_pipeline.sources.installed import read_installed
from fc_pipeline.sources.local import read_local
from fc_pipeline.sources.pypi import read_pypi
from fc_pipeline.sources.readers import READERS, BadInput, Item
from fc_pipeline.sources.schema import FileSpec, HubSource, InstalledSource, LocalSource, Source, parse_source
from fc_pipeline.step import Step
from fc_pipeline.text.parallel import chunks, ordered_map

_CHUNK_BYTES = 1 << 20
_REPORT_EVERY = 1000

File = tuple[str, bytes, FileSpec]
Read = tuple[str, FileSpec, Item | BadInput]


def fetch_source(step: Step) -> None:
    """Writes documents.jsonl.zst and quarantine.jsonl.zst, in the order of the source's files.

    config: a source (fc_pipeline/sources/schema.py), pinned by `resolve_source`. No inputs.

    Raises:
        UserError: the source cannot be had, is not what was pinned, or is broken.
    """
    source = parse_source(step.config, step.key)
    counters = step.out.counters
    text_bytes = 0
    seen: set[str] = set()
    with (
        step.out.records("documents.jsonl.zst") as keep,
        step.out.records("quarantine.jsonl.zst") as quarantine,
    ):
        for path, spec, item in _read(source, home=step.runtime.home, workers=step.runtime.workers):
            counters.read += 1
            if isinstance(item, BadInput):
                counters.quarantined += 1
                quarantine({"source": source.name, "path": path, "reason": item.reason, "detail": item.detail})
            elif not item.text.strip():
                counters.drop("empty")
            else:
                counters.kept += 1
                record = _document(source, path, spec, item)
                if record["id"] in seen:
                    raise UserError(f"source {source.name}: two documents are called {record['id']}; give `fields.key`")
                seen.add(record["id"])
                keep(record)
                text_bytes += len(item.text.encode())
            if counters.read % _REPORT_EVERY == 0:
                step.runtime.report({"documents": counters.read, "megabytes": round(text_bytes / 1e6, 2)})
    step.out.licences = [{"licence": source.licence, "source": source.name, "documents": counters.kept}]
    step.out.metrics = {"documents": counters.kept, "text_bytes": text_bytes}


def _document(source: Source, path: str, spec: FileSpec, item: Item) -> dict[str, Any]:
    name = f"{source.name}/{path}"
    return {
        "id": f"{name}#{item.key}" if item.key else name,
        "text": item.text,
        "source": source.name,
        "domain": spec.domain or source.domain,
        "licence": source.licence,
        "meta": {"path": path, "format": spec.format, **item.meta},
    }


def _read(source: Source, *, home: Path, workers: int) -> Iterator[Read]:
    if isinstance(source, HubSource):
        for path, spec, items in read_hub(source, home):
            for item in items:
                yield path, spec, item
        return
    # Reading markup costs far more than unpacking, so the files are unpacked here and read in the workers.
    batches = chunks(_files(source, home), weight=lambda file: len(file[1]), limit=_CHUNK_BYTES)
    for read in ordered_map(_read_batch, batches, workers=workers):
        yield from read


def _files(source: Source, home: Path) -> Iterator[File]:
    if isinstance(source, InstalledSource):
        return read_installed(source)
    if isinstance(source, LocalSource):
        return read_local(source)
    assert not isinstance(source, HubSource), "its shards are read as streams"
    return read_pypi(source, home)


def _read_batch(files: list[File]) -> list[Read]:
    found: list[Read] = []
    for path, data, spec in files:
        try:
            found.extend((path, spec, _valid(item)) for item in READERS[spec.format](data, spec))
        except BadInput as error:
            found.append((path, spec, error))
    return found


def _valid(item: Item | BadInput) -> Item | BadInput:
    """JSON can smuggle in lone surrogates, which are no text."""
    if isinstance(item, Item):
        try:
            item.text.encode()
        except UnicodeEncodeError as error:
            return BadInput("invalid_unicode", f"{item.key}: character {error.start}: {error.reason}")
    return item
