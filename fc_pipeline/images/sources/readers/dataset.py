"""Public sets (fc_pipeline/images/datasets) as sources: their loaders make whole records, in the order of the set."""

from collections.abc import Iterator
from dataclasses import replace

from fc_pipeline.images.datasets.base import BadRecord, DatasetLimits
from fc_pipeline.images.datasets.registry import read_dataset
from fc_pipeline.images.sources.entry import Made, Refused
from fc_pipeline.images.sources.readers.dataset_folder import checked_folder
from fc_pipeline.images.sources.schema import DatasetReader, ImageSource


def read_set(source: ImageSource) -> Iterator[Made | Refused]:
    """Yields the records of the set that are of the share, named `<source>/<path>`, and what is wrong with others.

    The split is the set's own: its validation and test parts stay held out.

    Raises:
        UserError: the folder is not there, is not what was pinned, or does not hold the set.
    """
    reader = source.reader
    assert isinstance(reader, DatasetReader)
    limits = DatasetLimits(
        image=source.caps.image,
        annotation_bytes=reader.max_annotation_bytes,
        record_bytes=reader.max_record_bytes,
        download=reader.download,
        share=reader.share,
    )
    prefix = f"{reader.dataset}/"
    for result in read_dataset(reader.dataset, checked_folder(reader, source.name), limits):
        if isinstance(result, BadRecord):
            yield Refused(result.id.removeprefix(prefix), result.reason, result.detail)
        else:
            record, images = result
            path = record.id.removeprefix(prefix)
            named = replace(record, id=f"{source.name}/{path}", source=source.name)
            yield Made(path, named.to_json(), images, record.split)
