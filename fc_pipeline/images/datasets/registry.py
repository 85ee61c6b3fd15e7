"""The loader of each set."""

from collections.abc import Callable, Iterator
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.images.datasets.base import DatasetLimits, Result
from fc_pipeline.images.datasets.chartqa import read as read_chartqa
from fc_pipeline.images.datasets.coco_captions import read as read_coco_captions
from fc_pipeline.images.datasets.conceptual_captions import read_3m as read_cc3m
from fc_pipeline.images.datasets.conceptual_captions import read_12m as read_cc12m
from fc_pipeline.images.datasets.docvqa import read as read_docvqa
from fc_pipeline.images.datasets.icdar import read_2013 as read_icdar2013
from fc_pipeline.images.datasets.icdar import read_2015 as read_icdar2015
from fc_pipeline.images.datasets.iiit5k import read as read_iiit5k
from fc_pipeline.images.datasets.infographicvqa import read as read_infographicvqa
from fc_pipeline.images.datasets.laion import read as read_laion
from fc_pipeline.images.datasets.screen2words import read as read_screen2words
from fc_pipeline.images.datasets.screenqa import read as read_screenqa
from fc_pipeline.images.datasets.st_vqa import read as read_st_vqa
from fc_pipeline.images.datasets.synthtext import read as read_synthtext
from fc_pipeline.images.datasets.textcaps import read as read_textcaps
from fc_pipeline.images.datasets.textvqa import read as read_textvqa

Read = Callable[[Path, DatasetLimits], Iterator[Result]]

READERS: dict[str, Read] = {
    "cc12m": read_cc12m,
    "cc3m": read_cc3m,
    "chartqa": read_chartqa,
    "coco_captions": read_coco_captions,
    "docvqa": read_docvqa,
    "icdar2013": read_icdar2013,
    "icdar2015": read_icdar2015,
    "iiit5k": read_iiit5k,
    "infographicvqa": read_infographicvqa,
    "laion": read_laion,
    "screen2words": read_screen2words,
    "screenqa": read_screenqa,
    "st_vqa": read_st_vqa,
    "synthtext": read_synthtext,
    "textcaps": read_textcaps,
    "textvqa": read_textvqa,
}


def read_dataset(name: str, folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """The records of a set, in the order of its files.

    Raises:
        UserError: no such set, or the folder does not hold it.
    """
    if name not in READERS:
        raise UserError(f"data set {name!r} has no loader; choose from {', '.join(sorted(READERS))}")
    return READERS[name](folder, limits)
