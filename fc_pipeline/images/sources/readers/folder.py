"""A folder of pictures, described by their names or by a text file beside each: what people put there themselves."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from fc_model.data.images.decode import decode
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.sources.entry import Dropped, Entry, Result, fitted, made, words_of
from fc_pipeline.images.sources.files import OpenFiles
from fc_pipeline.images.sources.schema import FolderReader, ImageSource
from fc_pipeline.sources.readers.item import decode as decode_text


def entries(source: ImageSource, files: OpenFiles) -> Iterator[Entry | Dropped]:
    """An entry for each picture; with `caption: text_file`, one without its text is dropped."""
    assert isinstance(source.reader, FolderReader)
    how = source.reader.caption
    texts: dict[tuple[int, str], bytes | BadInput] = {}
    if how == "text_file":
        texts = {(file.origin, _stem(file.path)): file.content for file in files("captions")}
    for file in files("pictures"):
        if how == "none":
            yield Entry(file.path, file.content, file.licence)
        elif how == "file_name":
            yield Entry(file.path, file.content, file.licence, caption=words_of(PurePosixPath(file.path).stem))
        else:
            yield _captioned(Entry(file.path, file.content, file.licence), texts.get((file.origin, _stem(file.path))))


def finish(entry: Entry, source: ImageSource, shared: dict[str, bytes]) -> list[Result]:
    """The picture. Raises BadImage when it is refused."""
    assert isinstance(entry.content, bytes) and isinstance(source.reader, FolderReader)
    image = fitted(decode(entry.content, limits=source.caps.image), source.reader.max_side)
    return [made(entry, image, source=source.name, kind=source.reader.shows, family=source.reader.family)]


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
