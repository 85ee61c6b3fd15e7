"""The step that makes `conversations/<name>` of packages that describe tools."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from fc_pipeline.catalogue.files import File, Wanted
from fc_pipeline.catalogue.pins import read_files
from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.drops import Drops
from fc_pipeline.corpus.filter_documents import scrub
from fc_pipeline.corpus.filters.chain import Refusal
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.calls import aws_cli, google_discovery, home_assistant, ovos_skill
from fc_pipeline.instructions.calls.example import Example, Read, Refused, Unread
from fc_pipeline.instructions.calls.offer import NO_FIT, Asked, check_call, conversations
from fc_pipeline.instructions.calls.schema import CallFile, CallSource, parse_call_source
from fc_pipeline.instructions.document import DOMAIN, conversation_document
from fc_pipeline.instructions.validate import Invalid, valid_conversation
from fc_pipeline.sources.bad_rate import BadRate

READERS: dict[str, Callable[[Iterator[File[CallFile]], Any, int], Read]] = {
    "aws_cli": aws_cli.read,
    "google_discovery": google_discovery.read,
    "home_assistant": home_assistant.read,
    "ovos_skill": ovos_skill.read,
}
"""One a format. To add one, add its file, its settings in schema.py and its row here."""
_NUM_SAMPLES = 5
_SHOWN_CHARS = 2_000


def fetch_calls(step: Step) -> None:
    """Writes the files that `fetch_conversations` writes; `meta` has `kind`, and `group`, the path of its example.

    Every call fits the schema of its tool, which the conversation offers among others of the source; one that does not
    is dropped. A request comes once, and again without its tool where `offered.no_fit` draws it.
    config: a source (fc_pipeline/instructions/calls/schema.py). No inputs.
    Metrics: documents, messages, text_bytes, no_fit, and how many distinct calls, tools and groups those have.

    Raises:
        UserError: a package cannot be had, is not what was pinned, is broken, or is bad beyond max_bad_rate.
    """
    source = parse_call_source(step.config, step.key)
    counters, made = step.out.counters, _Made()
    bad_rate = BadRate(f"conversations {source.name}", source.max_bad_rate)
    with ExitStack() as files:
        keep = files.enter_context(step.out.records("documents.jsonl.zst"))
        quarantine = files.enter_context(step.out.records("quarantine.jsonl.zst"))
        drops = Drops(step.out, files, num_samples=_NUM_SAMPLES)

        def drop(key: str, reason: str, text: str) -> None:
            shown = scrub(text[:_SHOWN_CHARS]).replace("\0", "")
            document = _dropped(source, key, shown.encode("utf-8", "backslashreplace").decode())
            drops.add(document, Refusal("calls", reason), num_bytes=len(document["text"].encode()))

        examples, asked = [], Asked()
        for read in READERS[source.calls.format](_files(source, step), source.calls, source.offered.seed):
            match read:
                case Unread(path, bad):
                    counters.read += 1
                    counters.quarantined += 1
                    quarantine({"source": source.name, "path": path, "reason": bad.reason, "detail": bad.detail})
                    bad_rate.saw(path, bad, read=counters.read)
                case Refused(key, reason, text):
                    counters.read += 1
                    drop(key, reason, text)
                case Example():
                    try:
                        asked.add(read)
                        check_call(read)
                        examples.append(read)
                    except Invalid as refusal:
                        counters.read += 1
                        drop(read.key, refusal.reason, refusal.detail)
            step.runtime.report({"read": counters.read + len(examples)})
        for example, kind, conversation in conversations(examples, source.offered):
            counters.read += 1
            try:
                if isinstance(conversation, Invalid):
                    raise conversation
                whole = valid_conversation(conversation.to_record())
            except Invalid as refusal:
                drop(example.key, refusal.reason, refusal.detail)
                continue
            name = f"{source.name}/{example.key}" + (f"#{NO_FIT}" if kind == NO_FIT else "")
            meta = {"kind": kind, "group": example.group}
            document = conversation_document(whole, name=name, source=source.name, licence=source.licence, meta=meta)
            counters.kept += 1
            keep(dict(document))
            made.add(document)
        drops.write_report()
    bad_rate.judge(read=counters.read, kept=counters.kept, dropped=counters.dropped)
    step.out.licences = [{"licence": source.licence, "source": source.name, "documents": counters.kept}]
    step.out.metrics = made.metrics()


class _Made:
    """Counts what is kept."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(("documents", "messages", "text_bytes", NO_FIT), 0)
        self._calls: set[tuple[str, str]] = set()
        self._groups: set[str] = set()

    def add(self, document: Document) -> None:
        messages: list[dict[str, Any]] = document["meta"]["conversation"]["messages"]
        calls = [call["function"] for message in messages for call in message.get("tool_calls", [])]
        for name, amount in (
            ("documents", 1),
            ("messages", len(messages)),
            ("text_bytes", len(document["text"].encode())),
            (NO_FIT, int(not calls)),
        ):
            self._sums[name] += amount
        self._calls |= {(call["name"], call["arguments"]) for call in calls}
        self._groups.add(document["meta"]["group"])

    def metrics(self) -> dict[str, float]:
        tools = {name for name, _ in self._calls}
        return {**self._sums, "calls": len(self._calls), "tools": len(tools), "groups": len(self._groups)}


def _dropped(source: CallSource, key: str, text: str) -> Document:
    return {
        "id": f"{source.name}/{key}",
        "text": text,
        "source": source.name,
        "domain": DOMAIN,
        "licence": source.licence,
        "meta": {"format": source.calls.format},
    }


def _files(source: CallSource, step: Step) -> Iterator[File[CallFile]]:
    """Of all packages, each whole; a file that is too large comes as BadInput."""
    for pin in source.packages:
        wanted: Wanted[CallFile] = Wanted(
            specs=source.files,
            where=f"conversations {source.name}",
            home=step.runtime.home,
            max_file_bytes=source.max_file_bytes,
            max_total_bytes=source.max_total_bytes,
        )
        yield from read_files(pin, wanted)
