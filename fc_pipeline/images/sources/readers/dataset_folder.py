"""The folder of a public set: pinned by the names and sizes of its files, and compared before it is read."""

from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.images.datasets.catalogue import DATASETS
from fc_pipeline.images.datasets.listing import listing
from fc_pipeline.images.sources.schema import DatasetReader


def pinned_reader(reader: DatasetReader) -> DatasetReader:
    """The reader with what its folder holds now; unchanged when that is stated, or when there is no folder yet."""
    folder = _path(reader)
    if reader.manifest_sha256 is not None or not folder.is_dir():
        return reader.model_copy(update={"content": None})
    return reader.model_copy(update={"content": listing(folder)})


def checked_folder(reader: DatasetReader, name: str) -> Path:
    """The folder, when it holds what it held when the graph was built, or what the source states.

    Raises:
        UserError: it is not there (names the set and where it can be had), or holds something else.
    """
    folder, known = _path(reader), DATASETS[reader.dataset]
    if not folder.is_dir():
        raise UserError(
            f"images {name}: the data set {reader.dataset} is not in {folder}; get it from {known.reference} and put "
            f"there: {known.layout}"
        )
    held = listing(folder)
    if reader.manifest_sha256 is None and (reader.content is None or reader.content.sha256 != held.sha256):
        raise UserError(f"images {name}: {folder} changed after the run was planned; run again")
    if reader.manifest_sha256 is not None and reader.manifest_sha256 != held.sha256:
        raise UserError(
            f"images {name}: {folder} holds {held.files:,} files of {held.bytes:,} bytes with the digest "
            f"{held.sha256}, which is not its manifest_sha256; bring the set back, or state this digest"
        )
    return folder


def _path(reader: DatasetReader) -> Path:
    return Path(reader.folder).expanduser()
