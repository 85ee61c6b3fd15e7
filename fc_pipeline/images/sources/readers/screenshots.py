"""Screenshots of documentation: what the pages say of them is their caption, the written alternative text first."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.sources.entry import Dropped, Entry, words_of
from fc_pipeline.images.sources.files import OpenFiles
from fc_pipeline.images.sources.page_text import MAX_PAGE_BYTES, Shown, pictures_of
from fc_pipeline.images.sources.schema import ImageSource, ScreenshotReader

_SENTENCE_END = ". "


def entries(source: ImageSource, files: OpenFiles) -> Iterator[Entry | Dropped]:
    """An entry for each picture that a page of the same origin shows (of all, without `referenced_only`)."""
    assert isinstance(source.reader, ScreenshotReader)
    options = source.reader
    shown: dict[tuple[int, str], tuple[str, Shown]] = {}
    for file in files("pages"):
        if isinstance(file.content, BadInput) or len(file.content) > MAX_PAGE_BYTES:
            detail = file.content.detail if isinstance(file.content, BadInput) else f"{len(file.content)} bytes"
            yield Entry(file.path, BadInput("bad_page", detail), file.licence)
            continue
        for picture in pictures_of(file.path, file.content.decode("utf-8", errors="replace")):
            known = shown.setdefault((file.origin, picture.name), (file.path, picture))
            if picture.alt and not known[1].alt:
                shown[file.origin, picture.name] = file.path, picture
    for file in files("pictures"):
        stem = PurePosixPath(file.path).stem.removesuffix(options.suffix)
        page, picture = shown.get((file.origin, stem), (None, Shown(stem, "", "", "")))
        if page is None and options.referenced_only:
            yield Dropped(file.path, "not_referenced")
            continue
        caption, how = _caption(picture)
        caption = _cut(caption, options.max_caption_chars)
        meta = {"caption_from": how} | ({"page": page} if page else {})
        yield Entry(file.path, file.content, file.licence, options.shows, "text", caption, meta=meta)


def _caption(picture: Shown) -> tuple[str, str]:
    """The caption, and what it was: a paragraph in front of a picture mostly introduces it."""
    for text, how in ((picture.alt, "alt"), (picture.before, "paragraph_before"), (picture.after, "paragraph_after")):
        if text:
            return text.rstrip(":"), how
    return words_of(picture.name), "file_name"


def _cut(text: str, max_chars: int) -> str:
    """At most so many characters, ended at a sentence where one ends, else at a word."""
    if len(text) <= max_chars:
        return text
    cut = text[:max_chars]
    if _SENTENCE_END in cut:
        return cut[: cut.rindex(_SENTENCE_END) + 1]
    return cut.rsplit(" ", 1)[0]
