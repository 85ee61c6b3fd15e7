"""Images of the web with the caption that stood beside them: LAION, Conceptual Captions 3M and 12M.

Published are lists of URLs. img2dataset turns them into WebDataset tars; where those are in the folder they are read,
otherwise the list is and its images are downloaded.

Formats of the lists:

* LAION (laion.ai, github.com/LAION-AI/dataset-spec), alt texts of Common Crawl chosen by CLIP: `*.parquet` with the
  columns URL and TEXT (LAION-400M, LAION-5B; in later releases url and caption) beside others such as WIDTH, HEIGHT,
  similarity, LICENSE, NSFW, punsafe, pwatermark.
* CC3M (ai.google.com/research/ConceptualCaptions): `Train_GCC-training.tsv`, `Validation_GCC-1.1.0-Validation.tsv` with
  lines of caption, tab, URL.
* CC12M (github.com/google-research-datasets/conceptual-12m): `cc12m.tsv` with lines of URL, tab, caption. Neither has a
  header (people add one for img2dataset).
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.compression import capped_lines
from fc_pipeline.images.datasets.base import BadRecord, Entries, Result, Sample, SetFolder, writable
from fc_pipeline.images.datasets.download import download_all
from fc_pipeline.images.datasets.img2dataset import Captioned, tar_entries
from fc_pipeline.images.datasets.pictures import picture
from fc_pipeline.sources.readers.item import decode

_CHUNK_BYTES = 1 << 16
_KEPT = ("WIDTH", "HEIGHT", "similarity", "LICENSE", "NSFW", "punsafe", "pwatermark", "hash")


class Row(NamedTuple):
    """A line of a list of URLs."""

    number: int
    """From 1."""
    url: str
    caption: str
    meta: dict[str, Any]


Rows = Iterator[Row | BadRecord]


def read_laion(data: SetFolder) -> Iterator[Result]:
    """One record an image. Raises UserError as `_read`."""
    return _read(data, _parquet_rows, "**/*.parquet")


def read_cc3m(data: SetFolder) -> Iterator[Result]:
    """One record an image. Raises UserError as `_read`."""
    return _read(data, partial(_tsv_rows, columns=("caption", "url")), "*_GCC-*.tsv", "cc3m*.tsv")


def read_cc12m(data: SetFolder) -> Iterator[Result]:
    """One record an image. Raises UserError as `_read`."""
    return _read(data, partial(_tsv_rows, columns=("url", "caption")), "cc12m*.tsv")


def _read(data: SetFolder, rows: Callable[[SetFolder, Path], Rows], *lists: str) -> Iterator[Result]:
    """Tars of img2dataset, or else the lists (globs), whose lines `rows` reads.

    Raises:
        UserError: neither is in the folder, or there are lists only and downloads are not allowed.
    """
    tars = sorted(data.folder.glob("**/*.tar"))
    for path in tars:
        shard = path.relative_to(data.folder).with_suffix("").as_posix()
        yield from _samples(data, shard, tar_entries(data, path, shard=f"{data.name}/{shard}"))
    if tars:
        return
    paths = sorted({path for pattern in lists for path in data.folder.glob(pattern)})
    if not paths:
        globs = " or ".join(lists)
        raise UserError(f"{data.name}: neither tars of img2dataset nor {globs} in {data.folder}; put one there")
    if data.limits.download is None:
        name = paths[0].name
        raise UserError(f"{data.name}: {name} is a list of URLs; allow downloads, or run img2dataset on it first")
    for path in paths:
        chosen = _chosen(data, path.stem, rows(data, path))
        fetched = (
            row
            if isinstance(row, BadRecord)
            else (str(row.number), Captioned(image, row.caption, {"url": row.url, **row.meta}))
            for row, image in download_all(chosen, data.limits.download)
        )
        yield from _samples(data, path.stem, fetched)


def _chosen(data: SetFolder, list_: str, rows: Rows) -> Iterator[tuple[Row | BadRecord, str]]:
    """The rows of the share with their addresses, and in their places the bad ones, for which nothing is asked."""
    for row in rows:
        if isinstance(row, BadRecord):
            yield row, ""
        elif data.takes(f"{data.name}/{list_}/{row.number}"):
            yield row, row.url


def _samples(data: SetFolder, shard: str, entries: Entries[Captioned]) -> Iterator[Result]:
    return data.samples(entries, partial(_sample, data, shard=shard), within=f"{data.name}/{shard}")


def _sample(data: SetFolder, key: str, entry: Captioned, *, shard: str) -> Sample:
    if isinstance(entry.image, BadInput):
        raise entry.image
    if not entry.caption.strip():
        raise BadInput("no_caption", "an image without any caption")
    return data.sample(
        picture(entry.image, data.image),
        f"{shard}/{key}",
        kind="web",
        family="natural",
        split="holdout" if "validation" in shard.lower() else "train",
        caption=entry.caption.strip(),
        meta={name: value for name, value in writable(entry.meta).items() if value is not None},
    )


def _tsv_rows(data: SetFolder, path: Path, *, columns: tuple[str, str]) -> Rows:
    """Lines of two columns, named `url` and `caption` in their order; a header line with these names is passed over."""
    limit = data.limits.max_record_bytes
    with path.open("rb") as file:
        chunks = iter(partial(file.read, _CHUNK_BYTES), b"")
        for number, line in enumerate(capped_lines(chunks, limit=limit), start=1):
            try:
                if line is None:
                    raise BadInput("record_too_large", f"a line of more than {limit} bytes")
                values = decode(line).rstrip("\n").split("\t")
                if values == [""] or [value.lower() for value in values] == list(columns):
                    continue
                if len(values) != 2:
                    raise BadInput("invalid_record", f"{len(values)} columns, {' and '.join(columns)} are needed")
            except BadInput as bad:
                yield BadRecord(id=f"{data.name}/{path.stem}/{number}", reason=bad.reason, detail=bad.detail)
            else:
                row = dict(zip(columns, values, strict=True))
                yield Row(number, row["url"], row["caption"], {})


def _parquet_rows(data: SetFolder, path: Path) -> Rows:
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            names = file.schema_arrow.names
            url = next((name for name in ("URL", "url") if name in names), None)
            text = next((name for name in ("TEXT", "caption", "text") if name in names), None)
            if url is None or text is None:
                detail = f"columns {', '.join(names)}: URL and TEXT are needed"
                yield data.bad_file(path, BadInput("invalid_annotations", detail))
                return
            kept = [name for name in _KEPT if name in names]
            for batch in file.iter_batches(batch_size=1024, columns=[url, text, *kept]):
                for row in batch.to_pylist():
                    number += 1
                    if isinstance(row[url], str) and isinstance(row[text], str):
                        yield Row(number, row[url], row[text], {name: row[name] for name in kept})
                    else:
                        id_ = f"{data.name}/{path.stem}/{number}"
                        yield BadRecord(id=id_, reason="invalid_record", detail="URL or TEXT is missing")
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        yield data.bad_file(path, BadInput("invalid_parquet", f"after row {number}: {error}"))
