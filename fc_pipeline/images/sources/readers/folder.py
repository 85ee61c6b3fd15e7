"""A folder of pictures, described by their names or by a text file beside each: what people put there themselves."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.sources.entry import Dropped, Entry, words_of
from fc_pipeline.images.sources.files import OpenFiles
from fc_pipeline.images.sources.schema import FolderReader, ImageSource
from fc_pipeline.sources.readers.item import decode as decode_text


def entries(source: ImageSource, files: OpenFiles) -> Iterator[Entry | Dropped]:
    """An entry for each picture; with `caption: text_file`, one without its text is dropped."""
    assert isinstance(source.reader, FolderReader)
    options = source.reader
    texts: dict[tuple[int, str], bytes | BadInput] = {}
    if options.caption == "text_file":
        texts = {(file.origin, _stem(file.path)): file.content for file in files("captions")}
    for file in files("pictures"):
        entry = Entry(file.path, file.content, file.licence, options.shows, options.family)
        if options.caption == "text_file":
            yield _captioned(entry, texts.get((file.origin, _stem(file.path))))
        else:
            by_name = options.caption == "file_name"
            yield entry._replace(caption=words_of(PurePosixPath(file.path).stem) if by_name else None)


def _captioned(entry: Entry, text: bytes | BadInput | None) -> Entry | Dropped:
    if text is None:
        return Dropped(entry.path, "no_caption")
    if isinstance(text, BadInput):
        return entry._replace(content=text)
    try:
        caption = " ".join(decode_text(text).split())
    except BadInput as error:
        return entry._replace(content=error)
    return entry._replace(caption=caption) if caption else Dropped(entry.path, "no_caption")


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))
