"""The step that makes `conversations/<name>`: get the files, read them, write conversations and what is none."""

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import File, Stream, Wanted
from fc_pipeline.catalogue.pins import read_files
from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.drops import Drops
from fc_pipeline.corpus.filter_documents import scrub
from fc_pipeline.corpus.filters.chain import Refusal
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.batching import chunks
from fc_pipeline.instructions.document import DOMAIN, conversation_document
from fc_pipeline.instructions.readers import READERS
from fc_pipeline.instructions.readers.columns import Columns
from fc_pipeline.instructions.rows import read_rows
from fc_pipeline.instructions.schema import ConversationSource, FileSpec, parse_source
from fc_pipeline.instructions.validate import Invalid, valid_conversation
from fc_pipeline.sources.bad_rate import BadRate
from fc_pipeline.sources.readers.records import Record

_BATCH_ROWS = 256
_NUM_SAMPLES = 5
_SHOWN_CHARS = 2_000
"""Of a row that is no conversation, in its report."""


class Row(NamedTuple):
    """A row of a file, or why it is none."""

    path: str
    spec: FileSpec
    content: Record | BadInput


class Read(NamedTuple):
    """What became of a row: a document, one to be dropped, or what cannot be read."""

    path: str
    document: Document | None
    refusal: Refusal | None
    bad: BadInput | None


def fetch_conversations(step: Step) -> None:
    """Writes documents.jsonl.zst (fc_pipeline/instructions/document.py), dropped/<reason>.jsonl.zst, drops.json, and
    quarantine.jsonl.zst, in the order of the source's files.

    A row that cannot be read is quarantined and counts for `max_bad_rate`; one that is no conversation to train on,
    such as one without a reply, is dropped by its reason.
    config: a source (fc_pipeline/instructions/schema.py). No inputs.

    Raises:
        UserError: the source cannot be had, is not what was pinned, is broken, or is bad beyond its max_bad_rate.
    """
    source = parse_source(step.config, step.key)
    counters = step.out.counters
    bad_rate = BadRate(f"conversations {source.name}", source.max_bad_rate)
    text_bytes = messages = 0
    with ExitStack() as files:
        keep = files.enter_context(step.out.records("documents.jsonl.zst"))
        quarantine = files.enter_context(step.out.records("quarantine.jsonl.zst"))
        drops = Drops(step.out, files, num_samples=_NUM_SAMPLES)
        batches = chunks(_rows(source, step, bad_rate), weight=lambda row: 1, limit=_BATCH_ROWS)
        for read in step.ordered_map(partial(read_batch, source.name, source.licence), batches):
            for path, document, refusal, bad in read:
                counters.read += 1
                if bad is not None:
                    counters.quarantined += 1
                    quarantine({"source": source.name, "path": path, "reason": bad.reason, "detail": bad.detail})
                    bad_rate.saw(path, bad, read=counters.read, lost_bytes=bad.lost_bytes)
                elif document is not None and refusal is not None:
                    drops.add(document, refusal, num_bytes=len(document["text"].encode()))
                elif document is not None:
                    counters.kept += 1
                    keep(dict(document))
                    text_bytes += len(document["text"].encode())
                    messages += len(document["meta"]["conversation"]["messages"])
            step.runtime.report({"conversations": counters.read, "kept": counters.kept})
        drops.write_report()
    bad_rate.judge(read=counters.read, kept=counters.kept, dropped=counters.dropped)
    step.out.licences = [{"licence": source.licence, "source": source.name, "documents": counters.kept}]
    step.out.metrics = {"documents": counters.kept, "text_bytes": text_bytes, "messages": messages}


def read_batch(source: str, licence: str, rows: list[Row]) -> list[Read]:
    """The conversation of each row, or why there is none."""
    return [_read(row, source=source, licence=licence) for row in rows]


def _read(row: Row, *, source: str, licence: str) -> Read:
    path, spec, content = row
    if isinstance(content, BadInput):
        return Read(path, None, None, content)
    name, meta = f"{source}/{path}#{content.key}", {"path": path, "format": spec.format}
    try:
        conversation = valid_conversation(READERS[spec.format](Columns(content.fields, spec.columns)))
    except BadInput as error:
        return Read(path, None, None, BadInput(error.reason, f"record {content.key}: {error.detail}"))
    except Invalid as error:
        shown = scrub(json.dumps(content.fields, ensure_ascii=True, default=str)[:_SHOWN_CHARS])
        document: Document = {
            "id": name,
            "text": f"{error.detail}\n{shown}".encode("ascii", "backslashreplace").decode(),
            "source": source,
            "domain": DOMAIN,
            "licence": licence,
            "meta": meta,
        }
        return Read(path, document, Refusal("conversation", error.reason), None)
    return Read(
        path, conversation_document(conversation, name=name, source=source, licence=licence, meta=meta), None, None
    )


def _rows(source: ConversationSource, step: Step, bad_rate: BadRate) -> Iterator[Row]:
    wanted = Wanted(
        specs=source.files,
        where=f"conversations {source.name}",
        home=step.runtime.home,
        streamed=lambda spec: True,
        max_file_bytes=source.max_file_bytes,
        max_total_bytes=source.max_total_bytes,
    )
    for file in read_files(source, wanted):
        bad_rate.reading(file.num_bytes)
        if isinstance(file.content, BadInput):
            yield Row(file.path, file.spec, file.content)
            continue
        where = f"{wanted.where}: {file.path}"
        for content in read_rows(_stream(file), file.spec.format, source, where=where):
            yield Row(file.path, file.spec, content)


def _stream(file: File[FileSpec]) -> Stream:
    if isinstance(file.content, bytes):
        return Stream(partial(io.BytesIO, file.content), None, len(file.content))
    assert isinstance(file.content, Stream)
    return file.content
