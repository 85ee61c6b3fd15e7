"""Public sets (fc_pipeline/images/datasets) as sources: their loaders make whole records, in the order of the set."""

from collections.abc import Iterator

from fc_pipeline.images.datasets.as_results import dataset_results
from fc_pipeline.images.datasets.base import DatasetLimits
from fc_pipeline.images.datasets.download_limits import DownloadLimits
from fc_pipeline.images.sources.entry import Result
from fc_pipeline.images.sources.limits import limits_of
from fc_pipeline.images.sources.readers.dataset_folder import checked_folder
from fc_pipeline.images.sources.schema import DatasetReader, ImageSource


def read_set(source: ImageSource) -> Iterator[Result]:
    """Yields the records of the set that are of the share, and what is wrong with others.

    Raises:
        UserError: the folder is not there, is not what was pinned, or does not hold the set.
    """
    reader = source.reader
    assert isinstance(reader, DatasetReader)
    limits = DatasetLimits(
        image=limits_of(source),
        annotation_bytes=reader.max_annotation_bytes,
        record_bytes=reader.max_record_bytes,
        download=None if reader.download is None else DownloadLimits(**reader.download.model_dump()),
        share=reader.share,
    )
    folder = checked_folder(reader, source.name)
    yield from dataset_results(reader.dataset, folder, source=source.name, limits=limits)
