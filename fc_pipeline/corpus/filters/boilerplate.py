"""Boilerplate of web pages: menus, consent banners, share buttons and left-over markup are cut out of the text."""

import re
from typing import Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import CRAWLED, Settings, Verdict, note_edits
from fc_pipeline.sources.schema import Domain

_MAX_LINE_CHARS = 240  # a longer line is a paragraph, whatever it mentions
# Said by pages of themselves, wherever it stands in a line.
_NOTICE = re.compile(
    r"\b(?:uses? (?:of )?cookies to|cookie (?:policy|settings|preferences|notice|consent)|accept (?:all )?cookies"
    r"|all rights reserved|subscribe to our|sign up for our|please enable javascript|javascript must be enabled"
    r"|javascript (?:is|seems to be) disabled|ad ?blocker|skip to (?:main )?content|follow us on"
    r"|your email address will not be published|required fields are marked|add to (?:cart|basket|wishlist)"
    r"|powered by wordpress|report this ad|continue reading below|free shipping on|page not found|404 error)\b",
    re.IGNORECASE,
)
# Said in articles too, so only at the beginning of a line.
_NOTICE_AT_START = re.compile(
    r"^\W{0,4}(?:this (?:web)?site uses cookies|privacy policy|terms (?:of (?:use|service)|and conditions)|newsletter"
    r"|share (?:this|on|via) |click here to|log ?in to (?:post|comment|reply)|leave a (?:comment|reply)|back to top"
    r"|advertisement|read more|related (?:posts|articles)|you (?:may|might) also like|view cart|sitemap)\b(?! in\b)",
    re.IGNORECASE,
)
_COPYRIGHT = re.compile(r"^\W{0,8}(?:copyright|©|\(c\))\s{0,4}(?:\d{4}|©|by )", re.IGNORECASE)
_LINK_WORD = re.compile(
    r"^\W{0,4}(?:home|about(?: us)?|contact(?: us)?|login|log in|sign ?(?:in|up)|register|menu|search|blog|news|faqs?"
    r"|help|support|shop|products?|services|careers|press|privacy|terms|sitemap|rss|facebook|twitter|instagram|linkedin"
    r"|youtube|pinterest|tweet|share|print|email|next|previous|prev|reply|like|subscribe|gallery|archives?|categories|tags?|cart"
    r"|checkout"
    r"|my account|download|pricing|features|portfolio|events|forum|community|advertise|cookies?)\W{0,4}$",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"</?[a-zA-Z][a-zA-Z0-9]{0,15}(?:\s[^<>\n]{0,400})?/?>|&(?:nbsp|amp|quot|lt|gt|raquo|laquo|#\d{2,5});"
)
_STYLE_LINE = re.compile(
    r"^\s{0,40}(?:[.#][\w-]{1,60}[^{}\n]{0,120}\{|@(?:media|font-face|import)\b|[\w-]{2,40}\s?:\s?[^;\n]{1,120};\s{0,4}\}?$"
    r"|\}\s{0,4}$|(?:var |window\.|document\.|jQuery|\$\(|function \w{0,40}\()[^\n]{0,200}[;{]\s{0,4}$)"
)
_STYLE_LINES = 3  # fewer are an example in an article
_MENU_CHARS = 32
_MENU_LINES = 4
_SENTENCE_END = (".", "!", "?", ":", ";", ",", '"', "”", "'", ")")


class BoilerplateSettings(Settings):
    kind: Literal["boilerplate"] = "boilerplate"
    domains: list[Domain] | None = Field(default=CRAWLED, description="Where the crawled pages are.")
    max_removed: float = Field(default=0.5, ge=0, le=1, description="Of the characters; beyond it the page is dropped.")
    max_markup: float = Field(default=0.2, ge=0, le=1, description="In tags and entities: more is no extracted page.")
    min_chars: int = Field(default=120, ge=0, description="Fewer characters left after the cuts: dropped.")


def cut_boilerplate(document: Document, settings: BoilerplateSettings) -> Verdict:
    """`markup`, `boilerplate` (too much of it) or `nothing_left`; otherwise cuts it out, counted in `meta.edits`."""
    text = document["text"]
    markup = sum(map(len, _MARKUP.findall(text))) if "<" in text or "&" in text else 0
    if markup > settings.max_markup * len(text):
        return "markup"
    lines = text.split("\n")
    cut = boilerplate_lines(lines)
    if not cut:
        return None
    removed = sum(len(lines[number]) for number in cut)
    chars = sum(map(len, lines))
    if removed > settings.max_removed * chars:
        return "boilerplate"
    if chars - removed < settings.min_chars:
        return "nothing_left"
    document["text"] = "\n".join(line for number, line in enumerate(lines) if number not in cut).strip("\n")
    note_edits(document, "boilerplate", {"lines": len(cut)})
    return None


def boilerplate_lines(lines: list[str]) -> set[int]:
    """Numbers of the lines that are notices, style sheets or scripts, or stand in a run of menu entries."""
    short = [(number, line) for number, line in enumerate(lines) if len(line) <= _MAX_LINE_CHARS]
    cut = {
        number
        for number, line in short
        if _NOTICE.search(line) or _NOTICE_AT_START.match(line) or _COPYRIGHT.match(line)
    }
    styles = [number for number, line in short if _STYLE_LINE.match(line)]
    if sum(lines[number].strip() != "}" for number in styles) >= _STYLE_LINES:
        cut.update(styles)
    run: list[int] = []
    for number, line in enumerate([*lines, "The end."]):
        if not line.strip():
            continue
        if len(line) <= _MENU_CHARS and not line.rstrip().endswith(_SENTENCE_END) and number < len(lines):
            run.append(number)
            continue
        # Short lines alone are headings, a table or a poem; among menu words they are a menu.
        words = sum(_LINK_WORD.match(lines[entry]) is not None for entry in run)
        if len(run) >= _MENU_LINES and 3 * words >= len(run):
            cut.update(run)
        run = []
    return cut
