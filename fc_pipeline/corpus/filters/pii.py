"""Personal data: replaced by what it was (`[EMAIL]`), or the document is dropped and its text not kept."""

import re
from collections import Counter
from typing import Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import Settings, Span, Verdict, map_meta, meta_texts, note_edits
from fc_pipeline.corpus.filters.network_addresses import find_emails, find_ips
from fc_pipeline.corpus.filters.personal_numbers import find_numbers

PiiType = Literal["email", "phone", "card", "iban", "ip", "national_id"]

PII_TYPES: list[PiiType] = ["email", "phone", "card", "iban", "ip", "national_id"]
PII_REASON_PREFIX = "pii_"
# What every number and every address of digits has: seven digits close together, four numbers with points, two groups
# with colons, or the middle of a British or an Italian id. Most texts have none, and five searches are spared.
_NUMERIC = re.compile(
    r"\d(?:(?:[ \-.()/\u00a0]{0,3}\d){6}|\d{0,2}\.\d{1,3}\.\d{1,3}\.\d|[0-9A-Fa-f]{3}:[0-9A-Fa-f]{0,4}:"
    r"|\d ?\d\d ?\d\d ?[A-D]|\d[A-Z]\d\d[A-Z]\d{3}[A-Z])"
)


class PiiSettings(Settings):
    kind: Literal["pii"] = "pii"
    action: Literal["mask", "drop"] = Field(
        default="mask", description="mask: put [EMAIL], [PHONE], ... in its place; drop: refuse the document."
    )
    types: list[PiiType] = Field(default=PII_TYPES, min_length=1, description="What is looked for.")
    allow_hosts: list[str] = Field(
        default=["example.com", "example.org", "example.net", "example", "test", "invalid", "localhost"],
        description="Hosts whose addresses are nobody's (RFC 2606), with everything below them.",
    )
    allow_ips: list[str] = Field(
        default=["1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "2001:4860:4860::8888"],
        description="Addresses of public services that texts name as examples.",
    )


def personal_data(document: Document, settings: PiiSettings) -> Verdict:
    """`pii_<type>` to drop; to mask, changes the text and the strings of `meta`, and counts in `meta.edits.pii`."""
    spans = find_pii(document["text"], settings)
    in_meta = find_pii("\n".join(meta_texts(document["meta"])), settings)
    if settings.action == "drop":
        first = spans or in_meta
        return PII_REASON_PREFIX + first[0].type if first else None
    if in_meta:
        document["meta"] = map_meta(document["meta"], lambda text: masked(text, find_pii(text, settings)))
    document["text"] = masked(document["text"], spans)
    note_edits(document, "pii", Counter(span.type for span in spans))
    return None


def find_pii(text: str, settings: PiiSettings) -> list[Span]:
    """Spans in order, none over another: of two that overlap the longer one stays, then the first."""
    types = set(settings.types)
    spans: list[Span] = []
    if "email" in types:
        spans += find_emails(text, allow_hosts=settings.allow_hosts)
    numeric = types - {"email"}
    if numeric and _NUMERIC.search(text):
        if "ip" in types:
            spans += find_ips(text, allow=settings.allow_ips)
        if numeric - {"ip"}:
            spans += find_numbers(text, types)
    kept: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span.start, -span.end, span.type)):
        if kept and span.start < kept[-1].end:
            if span.end - span.start > kept[-1].end - kept[-1].start:
                kept[-1] = span
        else:
            kept.append(span)
    return kept


def masked(text: str, spans: list[Span]) -> str:
    """The text with each span replaced by its type: `[EMAIL]`."""
    parts, end = [], 0
    for span in spans:
        parts += [text[end : span.start], f"[{span.type.upper()}]"]
        end = span.end
    return "".join([*parts, text[end:]]) if spans else text
