"""The loader of each set."""

from collections.abc import Callable, Iterator
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.images.datasets import textvqa
from fc_pipeline.images.datasets.base import DatasetLimits, Result

Read = Callable[[Path, DatasetLimits], Iterator[Result]]

READERS: dict[str, Read] = {"textvqa": textvqa.read}


def read_dataset(name: str, folder: Path, limits: DatasetLimits) -> Iterator[Result]:
    """The records of a set, in the order of its files.

    Raises:
        UserError: no such set, or the folder does not hold it.
    """
    if name not in READERS:
        raise UserError(f"data set {name!r} has no loader; choose from {', '.join(sorted(READERS))}")
    return READERS[name](folder, limits)
