"""Unicode: NFC, without control characters, byte order marks and other characters that carry no text."""

import re
import unicodedata
from typing import Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import Settings, Verdict, note_edits

_REPLACEMENT = "\ufffd"
_LINE_END = re.compile("\r\n|[\x0b\x0c\r\x1c-\x1e\x85]")  # besides the line feed, where str.splitlines() cuts
# C0 and C1 controls but tab and line feed; soft hyphen, zero-width space, word joiner, byte order mark, interlinear
# marks; noncharacters. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ufff9-\ufffb\ufffe\uffff]")


class UnicodeSettings(Settings):
    kind: Literal["unicode"] = "unicode"
    max_replacement_fraction: float = Field(
        default=0.001, ge=0, le=1, description="Share of U+FFFD (text once decoded wrongly) above which it is dropped."
    )


def normalise(document: Document, settings: UnicodeSettings) -> Verdict:
    """Changes the document's text to clean NFC; drops text that was decoded wrongly before it came here.

    White space stays white space: a control that ends a line becomes a line feed. What became one and what was taken
    out is counted in `meta.edits`.
    """
    text = document["text"]
    if text.count(_REPLACEMENT) > settings.max_replacement_fraction * len(text):
        return "replacement_characters"
    if _NO_TEXT.search(text):  # the characters that end lines are among them
        text, line_ends = _LINE_END.subn("\n", text)
        text, deleted = _NO_TEXT.subn("", text.replace("\x1f", " "))  # the only other white space among them
        edits = {"line_ends": line_ends, "deleted": deleted}
        note_edits(document, "unicode", {what: times for what, times in edits.items() if times})
    text = unicodedata.normalize("NFC", text)
    if " \n" in text or "\t\n" in text or text.endswith((" ", "\t")):
        text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    document["text"] = text.strip("\n")
    return None
