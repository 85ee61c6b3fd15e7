"""Screenshots of documentation: what the pages say of them is their caption, the written alternative text first."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.sources.entry import Dropped, Entry, words_of
from fc_pipeline.images.sources.files import OpenFiles
from fc_pipeline.images.sources.page_text import MAX_PAGE_BYTES, Shown, pictures_of
from fc_pipeline.images.sources.references import Pictures, resolved
from fc_pipeline.images.sources.schema import ImageSource, ScreenshotReader

_SENTENCE_END = ". "


def entries(source: ImageSource, files: OpenFiles) -> Iterator[Entry | Dropped]:
    """An entry for each picture that a page of the same origin shows (of all, without `referenced_only`)."""
    assert isinstance(source.reader, ScreenshotReader)
    options = source.reader
    paths: dict[int, list[str]] = defaultdict(list)
    for file in files("pictures"):
        paths[file.origin].append(file.path)
    pictures = {origin: Pictures(those, suffix=options.suffix) for origin, those in paths.items()}
    shown: dict[tuple[int, str], dict[str, tuple[str, Shown]]] = defaultdict(dict)
    for file in files("pages"):
        if isinstance(file.content, BadInput) or len(file.content) > MAX_PAGE_BYTES:
            detail = file.content.detail if isinstance(file.content, BadInput) else f"{len(file.content)} bytes"
            yield Entry(file.path, BadInput("bad_page", detail), file.licence)
            continue
        folder = str(PurePosixPath(file.path).parent)
        for picture in pictures_of(file.path, file.content.decode("utf-8", errors="replace")):
            path = pictures[file.origin].find(picture.address, folder=folder) if file.origin in pictures else None
            if path is None:
                continue
            address = resolved(picture.address, folder=folder)
            known = shown[file.origin, path].setdefault(address, (file.path, picture))
            if picture.alt and not known[1].alt:
                shown[file.origin, path][address] = file.path, picture
    for file in files("pictures"):
        page, picture = _meant(file.path, shown[file.origin, file.path])
        if page is None and options.referenced_only:
            yield Dropped(file.path, "not_referenced")
            continue
        caption, how = _caption(picture, file.path, options.suffix)
        caption = _cut(caption, options.max_caption_chars)
        meta = {"caption_from": how} | ({"page": page} if page else {})
        yield Entry(file.path, file.content, file.licence, options.shows, "text", caption, meta=meta)


def _meant(path: str, shown: dict[str, tuple[str, Shown]]) -> tuple[str | None, Shown]:
    """The page and what it says of a picture, of {address: those}: at its own address, or at the only one."""
    if path in shown or len(shown) == 1:
        return shown.get(path) or next(iter(shown.values()))
    return None, Shown(path, "", "", "")


def _caption(picture: Shown, path: str, suffix: str) -> tuple[str, str]:
    """The caption, and what it was: a paragraph in front of a picture mostly introduces it."""
    for text, how in ((picture.alt, "alt"), (picture.before, "paragraph_before"), (picture.after, "paragraph_after")):
        if text:
            return text.rstrip(":"), how
    return words_of(PurePosixPath(path).stem.removesuffix(suffix)), "file_name"


def _cut(text: str, max_chars: int) -> str:
    """At most so many characters, ended at a sentence where one ends, else at a word."""
    if len(text) <= max_chars:
        return text
    cut = text[:max_chars]
    if _SENTENCE_END in cut:
        return cut[: cut.rindex(_SENTENCE_END) + 1]
    return cut.rsplit(" ", 1)[0]
