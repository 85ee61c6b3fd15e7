"""Images of the web with the caption that stood beside them: what LAION, CC3M and CC12M share.

Published are lists of URLs. img2dataset turns them into WebDataset tars; where those are in the folder they are read,
otherwise the list is and its images are downloaded.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.catalogue.download.compression import capped_lines
from fc_pipeline.images.datasets.annotations import Split
from fc_pipeline.images.datasets.base import BadInput, BadRecord, DatasetLimits, Result, Sample, samples
from fc_pipeline.images.datasets.download import download_all
from fc_pipeline.images.datasets.img2dataset import Shard, tar_entries
from fc_pipeline.images.datasets.pictures import image_sample, picture
from fc_pipeline.sources.readers.item import decode

_CHUNK_BYTES = 1 << 16


class Row(NamedTuple):
    """A line of a list of URLs."""

    key: str
    url: str
    caption: str
    meta: dict[str, Any]


Rows = Callable[[Path, DatasetLimits], Iterator[Row | BadRecord]]


def read_web_set(
    source: str, folder: Path, limits: DatasetLimits, *, lists: Iterable[str], rows: Rows
) -> Iterator[Result]:
    """Tars of img2dataset, or else the lists (globs), whose lines `rows` reads.

    Raises:
        UserError: neither is in the folder, or there are lists only and `limits.download` is None.
    """
    tars = sorted(folder.glob("**/*.tar"))
    for path in tars:
        shard = path.relative_to(folder).with_suffix("").as_posix()
        entries = tar_entries(path, shard=f"{source}/{shard}", limits=limits)
        build = partial(_from_tar, source=source, shard=shard, limits=limits)
        yield from samples(f"{source}/{shard}", entries, build, limits=limits)
    if tars:
        return
    paths = sorted({path for pattern in lists for path in folder.glob(pattern)})
    if not paths:
        raise UserError(f"{source}: neither tars of img2dataset nor {' or '.join(lists)} in {folder}; put one there")
    if limits.download is None:
        raise UserError(f"{source}: {paths[0].name} is a list of URLs; allow downloads, or run img2dataset on it first")
    for path in paths:
        yield from _downloaded(source, rows(path, limits), limits)


def _downloaded(source: str, rows: Iterator[Row | BadRecord], limits: DatasetLimits) -> Iterator[Result]:
    assert limits.download is not None
    bad: list[BadRecord] = []
    wanted = _wanted(source, rows, bad, limits)
    fetched = ((row.key, (row, data)) for row, data in download_all(wanted, limits.download))
    for result in samples(source, fetched, partial(_from_row, source=source, limits=limits), limits=limits):
        yield from bad
        bad.clear()
        yield result
    yield from bad


def _wanted(
    source: str, rows: Iterator[Row | BadRecord], bad: list[BadRecord], limits: DatasetLimits
) -> Iterator[tuple[Row, str]]:
    for row in rows:
        if isinstance(row, BadRecord):
            bad.append(row)
        elif limits.takes(f"{source}/{row.key}"):  # before it is downloaded
            yield row, row.url


def _from_row(key: str, entry: tuple[Row, bytes | BadInput], *, source: str, limits: DatasetLimits) -> Sample:
    row, data = entry
    if isinstance(data, BadInput):
        raise data
    return _record(f"{source}/{key}", source, data, row.caption, {"url": row.url, **row.meta}, _split(key), limits)


def _from_tar(key: str, entry: Shard, *, source: str, shard: str, limits: DatasetLimits) -> Sample:
    if isinstance(entry.image, BadInput):
        raise entry.image
    url = entry.meta.get("url")
    name = f"{source}/{shard}/{key}"
    return _record(name, source, entry.image, entry.caption, {"url": url}, _split(shard), limits)


def _split(name: str) -> Split:
    return "holdout" if "validation" in name.lower() else "train"


def _record(
    id_: str, source: str, data: bytes, caption: str, meta: dict[str, Any], split: Split, limits: DatasetLimits
) -> Sample:
    if not caption.strip():
        raise BadInput("no_caption", "an image without any caption")
    image = picture(data, limits.image)
    return image_sample(
        source,
        image,
        id=id_,
        kind="web",
        family="natural",
        split=split,
        caption=caption.strip(),
        meta={name: value for name, value in meta.items() if value is not None},
    )


def tsv_rows(path: Path, *, columns: tuple[str, str], source: str, limits: DatasetLimits) -> Iterator[Row | BadRecord]:
    """Lines of two columns, named `url` and `caption` in their order; a header line with these names is passed over."""
    with path.open("rb") as file:
        chunks = iter(partial(file.read, _CHUNK_BYTES), b"")
        for number, line in enumerate(capped_lines(chunks, limit=limits.record_bytes), start=1):
            key = f"{path.stem}/{number}"
            try:
                if line is None:
                    raise BadInput("record_too_large", f"a line of more than {limits.record_bytes} bytes")
                values = decode(line).rstrip("\n").split("\t")
                if values == [""] or [value.lower() for value in values] == list(columns):
                    continue
                if len(values) != 2:
                    raise BadInput("invalid_record", f"{len(values)} columns, {' and '.join(columns)} are needed")
            except BadInput as bad:
                yield BadRecord(id=f"{source}/{key}", reason=bad.reason, detail=bad.detail)
            else:
                row = dict(zip(columns, values, strict=True))
                yield Row(key, row["url"], row["caption"], {})
