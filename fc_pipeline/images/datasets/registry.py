"""The loader of each set."""

from collections.abc import Callable, Iterator
from functools import partial

from fc_pipeline.images.datasets import chartqa, coco_captions, docvqa, icdar, iiit5k, rico, st_vqa, synthtext, textvqa
from fc_pipeline.images.datasets.base import Result, SetFolder
from fc_pipeline.images.datasets.web_captions import read_cc3m, read_cc12m, read_laion

READERS: dict[str, Callable[[SetFolder], Iterator[Result]]] = {
    "cc12m": read_cc12m,
    "cc3m": read_cc3m,
    "chartqa": chartqa.read,
    "coco_captions": coco_captions.read,
    "docvqa": docvqa.read_pages,
    "icdar2013": partial(icdar.read, kind="scene/focused"),
    "icdar2015": partial(icdar.read, kind="scene/incidental"),
    "iiit5k": iiit5k.read,
    "infographicvqa": docvqa.read_infographics,
    "laion": read_laion,
    "screen2words": rico.read_screen2words,
    "screenqa": rico.read_screenqa,
    "st_vqa": st_vqa.read,
    "synthtext": synthtext.read,
    "textcaps": textvqa.read_captions,
    "textvqa": textvqa.read_questions,
}
"""Yields the records of a set, in the order of its files. Raises UserError when the folder does not hold it."""
