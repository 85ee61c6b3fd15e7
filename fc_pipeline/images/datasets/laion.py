"""LAION: images of Common Crawl with their alt texts, chosen by CLIP.

Format (laion.ai, github.com/LAION-AI/dataset-spec): `*.parquet` with the columns URL and TEXT (LAION-400M, LAION-5B; in
later releases url and caption) beside others such as WIDTH, HEIGHT, similarity, LICENSE, NSFW, punsafe, pwatermark;
or tars of img2dataset.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fc_pipeline.images.datasets.base import BadRecord, DatasetLimits, Result
from fc_pipeline.images.datasets.web_captions import Row, read_web_set

NAME = "laion"
_KEPT = ("WIDTH", "HEIGHT", "similarity", "LICENSE", "NSFW", "punsafe", "pwatermark", "hash")


def read(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image. Raises UserError as `read_web_set`."""
    yield from read_web_set(NAME, folder, limits, lists=("**/*.parquet",), rows=_rows)


def _rows(path: Path, limits: DatasetLimits) -> Iterator[Row | BadRecord]:
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
                yield BadRecord(id=f"{NAME}/{path.name}", reason="invalid_annotations", detail=detail)
                return
            kept = [name for name in _KEPT if name in names]
            for batch in file.iter_batches(batch_size=1024, columns=[url, text, *kept]):
                for row in batch.to_pylist():
                    number += 1
                    yield _row(f"{path.stem}/{number}", row[url], row[text], {name: row[name] for name in kept})
    except (pyarrow.ArrowException, OSError) as error:
        yield BadRecord(id=f"{NAME}/{path.name}", reason="invalid_parquet", detail=f"after row {number}: {error}")


def _row(key: str, url: Any, text: Any, meta: dict[str, Any]) -> Row | BadRecord:
    if not isinstance(url, str) or not isinstance(text, str):
        return BadRecord(id=f"{NAME}/{key}", reason="invalid_record", detail="URL or TEXT is missing")
    return Row(key, url, text, meta)
