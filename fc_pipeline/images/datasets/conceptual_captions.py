"""Conceptual Captions 3M and 12M: images of the web with their cleaned alt texts.

Format: CC3M (ai.google.com/research/ConceptualCaptions) `Train_GCC-training.tsv`, `Validation_GCC-1.1.0-Validation.tsv`
with lines of caption, tab, URL; CC12M (github.com/google-research-datasets/conceptual-12m) `cc12m.tsv` with lines of
URL, tab, caption; no header (people add one for img2dataset). Or tars of img2dataset.
"""

from collections.abc import Iterator
from pathlib import Path

from fc_pipeline.images.datasets.base import BadRecord, DatasetLimits, Result
from fc_pipeline.images.datasets.web_captions import Row, read_web_set, tsv_rows


def read_3m(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image. Raises UserError as `read_web_set`."""
    yield from read_web_set("cc3m", folder, limits, lists=("*_GCC-*.tsv", "cc3m*.tsv"), rows=_rows_3m)


def read_12m(folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """One record an image. Raises UserError as `read_web_set`."""
    yield from read_web_set("cc12m", folder, limits, lists=("cc12m*.tsv",), rows=_rows_12m)


def _rows_3m(path: Path, limits: DatasetLimits) -> Iterator[Row | BadRecord]:
    return tsv_rows(path, columns=("caption", "url"), source="cc3m", limits=limits)


def _rows_12m(path: Path, limits: DatasetLimits) -> Iterator[Row | BadRecord]:
    return tsv_rows(path, columns=("url", "caption"), source="cc12m", limits=limits)
