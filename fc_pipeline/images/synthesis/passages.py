"""What is kept of a corpus for the text of images: a seeded sample of bounded size, cleaned, in one file a split.

A document is chosen by the hash of its id, so the sample is a spread over the whole corpus, whatever its order and
size, and a document that comes or goes moves no other one but at the rim.
"""

import hashlib
import heapq
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fc_model.artifacts.files import write_bytes

CODE_DOMAIN = "code"
_UNTITLED_DOMAINS = {CODE_DOMAIN, "chat"}
"""The first line of a talk is what someone says."""
TAB = " " * 4
_TITLE_WORDS = range(2, 9)
_TITLE_CHARS = 60
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_SPEAKER = re.compile(r"\b(?:user|assistant|system|human|bot|q|a|question|answer)\s*:(?=\s|$)", re.IGNORECASE)
"""Who speaks, as records of talks mark it."""
_UNWRAPPED = (
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),  # a link or picture of Markdown
    (re.compile(r":[\w:+-]+:`~?([^`<]*)(?:<[^>]*>)?`"), r"\1"),  # a role of reStructuredText
    (re.compile(r"(``?)([^`]+)\1_{0,2}"), r"\2"),
    (re.compile(r"(\*{1,3}|__)(?=\S)([^*_]+?)(?<=\S)\1"), r"\2"),
)
"""Mark-up around words, and what of it is kept."""
_BULLET = re.compile(r"^(?:#{1,6}|[-*+•>]|\d{1,3}[.)]) +")
"""Of a heading, an entry of a list, a quotation."""
_MARKUP = re.compile(r"[`\\{}<>|^=#_~*\[\]]|\$.*\$|://|::|\w\(|-- |\.{4}")
"""What running text has none of: mark-up, formulas, code, addresses, rules of tables."""
_PLAIN_LETTERS, _PLAIN_WORDS, _LONGEST_WORD = 0.85, 4, 25
_ANY_WRAPPED = re.compile(r"[`*]|__|\]\(")
"""What all of it but a beginning needs; most paragraphs have none."""
_BLANK_LINE = re.compile(r"\n\s*\n")


class _Kept(dict[int, str | None]):
    """For `str.translate`: keeps the characters that `keeps` is true of, each of which it is asked once."""

    def __init__(self, keeps: Callable[[str], bool]) -> None:
        self._keeps = keeps

    def __missing__(self, code: int) -> str | None:
        self[code] = chr(code) if self._keeps(chr(code)) else None
        return self[code]


_SEEN = _Kept(lambda c: c.isspace() or unicodedata.category(c) not in _INVISIBLE)
_LETTERS = _Kept(lambda c: c.isalpha() or c == " ")


@dataclass
class _Sample:
    """Documents with the smallest hashes whose text adds up to at most `max_chars`; always at least one."""

    max_chars: int
    heap: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    """Largest hash first (so negated), then the id."""
    chars: int = 0

    def offer(self, place: int, passage: dict[str, Any]) -> None:
        heapq.heappush(self.heap, (-place, passage["id"], passage))
        self.chars += len(passage["text"])
        while self.chars > self.max_chars and len(self.heap) > 1:
            self.chars -= len(heapq.heappop(self.heap)[2]["text"])


def write_passages(
    documents: Iterable[dict[str, Any]], path: Path, *, max_chars: int, max_document_chars: int, seed: int
) -> str:
    """Write the sample of one split; returns the sha256 of the file.

    One JSON object a line: id, source, licence, code (bool), text, plain, titles. Prose has one paragraph a line, with
    single spaces, and `plain` is what of it is running text; code keeps its lines and indents. Code gets a quarter of
    `max_chars` of its own.
    """
    prose, code = _Sample(max_chars), _Sample(max_chars // 4)
    for document in documents:
        is_code = document["domain"] == CODE_DOMAIN
        text = document["text"][:max_document_chars]
        cleaned = clean_code(text) if is_code else clean_prose(text)
        if not cleaned:
            continue
        digest = hashlib.sha256(f"{seed}:{document['id']}".encode()).digest()
        passage = {name: document[name] for name in ("id", "source", "licence")}
        passage |= {"code": is_code, "text": cleaned, "plain": "" if is_code else running_text(cleaned)}
        passage["titles"] = [] if document["domain"] in _UNTITLED_DOMAINS else titles(text)
        (code if is_code else prose).offer(int.from_bytes(digest[:8], "big"), passage)
    chosen = [passage for _, _, passage in sorted([*prose.heap, *code.heap], key=lambda entry: (-entry[0], entry[1]))]
    return write_bytes(path, b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in chosen))


def clean_prose(text: str) -> str:
    """One paragraph a line, white space made single spaces, composed characters (NFC), nothing invisible."""
    paragraphs = (" ".join(_visible(part).split()) for part in _BLANK_LINE.split(text))
    return "\n".join(paragraph for paragraph in paragraphs if paragraph)


def running_text(prose: str) -> str:
    """The paragraphs that a letter or a sign could show: words without mark-up, formulas, code, moves or tables.

    Mark-up around words is taken off, as is who speaks; a paragraph of which more is left than words is left out.
    """
    return "\n".join(filter(None, map(_running_paragraph, prose.split("\n"))))


def _running_paragraph(paragraph: str) -> str:
    """The paragraph without mark-up; empty when it is no running text."""
    speaker = _SPEAKER.match(paragraph)
    text = paragraph[speaker.end() :] if speaker else paragraph
    if _ANY_WRAPPED.search(text):
        for pattern, kept in _UNWRAPPED:
            text = pattern.sub(kept, text)
    text = _BULLET.sub("", text)
    words = text.split()
    if len(words) < _PLAIN_WORDS or max(map(len, words)) > _LONGEST_WORD or _MARKUP.search(text):
        return ""
    if _SPEAKER.search(text) or len(text.translate(_LETTERS)) < _PLAIN_LETTERS * len(text):
        return ""
    return " ".join(words)


def clean_code(text: str) -> str:
    """Lines with their indents, tabs as four spaces, nothing invisible, no blanks at the end of a line."""
    lines = (_visible(line.replace("\t", TAB)).rstrip() for line in text.splitlines())
    return "\n".join(lines).strip("\n")


def titles(text: str) -> list[str]:
    """Headings: the first line and lines marked with `#`, when they read like one."""
    lines = [line for line in text.splitlines() if line.strip()]
    marked = [line.lstrip("#") for line in lines[1:] if line.startswith("#")]
    candidates = [" ".join(_visible(line).split()) for line in [*(line.lstrip("#") for line in lines[:1]), *marked]]
    return list(dict.fromkeys(line for line in candidates if _reads_like_title(line)))


def _reads_like_title(line: str) -> bool:
    letters = sum(character.isalpha() or character == " " for character in line)
    return (
        len(line) <= _TITLE_CHARS
        and len(line.split()) in _TITLE_WORDS
        and line[0].isupper()
        and line[-1] not in ".:,;"
        and not _SPEAKER.search(line)
        and not _MARKUP.search(line)
        and 10 * letters >= 8 * len(line)
    )


def _visible(text: str) -> str:
    """NFC, without control and format characters (soft hyphens, joiners, marks of direction) but white space."""
    return unicodedata.normalize("NFC", text).translate(_SEEN)
