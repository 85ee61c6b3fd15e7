"""A public set as what the step of `images/<name>` writes: named after the source, refusals for the quarantine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fc_pipeline.images.datasets.base import BadRecord, DatasetLimits
from fc_pipeline.images.datasets.registry import read_dataset
from fc_pipeline.images.sources.entry import Made, Refused


def dataset_results(dataset: str, folder: Path, *, source: str, limits: DatasetLimits) -> Iterator[Made | Refused]:
    """Yields the set's records with `<source>/<path>` as their id, and its bad records.

    The split is the set's own: its validation and test parts stay held out.

    Raises:
        UserError: no such set, or the folder does not hold it.
    """
    for result in read_dataset(dataset, folder, limits):
        if isinstance(result, BadRecord):
            yield Refused(result.id.removeprefix(f"{dataset}/"), result.reason, result.detail)
        else:
            record, images = result
            path = record.id.removeprefix(f"{dataset}/")
            yield Made(path, replace(record, id=f"{source}/{path}", source=source).to_json(), images, record.split)
