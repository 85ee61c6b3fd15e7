"""The catalogue of image sources that ship, and how an entry of a track becomes a whole definition."""

from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.catalogue import Catalogue
from fc_pipeline.catalogue.pins import pinned
from fc_pipeline.images.datasets.listing import listing
from fc_pipeline.images.sources.files import globs_of
from fc_pipeline.images.sources.schema import DatasetReader, ImageSource, parse_image_source

CATALOGUE = Catalogue(Path(__file__).parent / "catalog", "images")


def resolve_image_source(entry: str | dict[str, Any]) -> ImageSource:
    """A track's entry (see `Catalogue.resolve`) as a whole definition, with what the machine decides filled in.

    An entry that changes fields of another one changes its `reader` field by field.

    Raises:
        UserError: there is no such source, or a field is wrong; names it.
    """
    source = parse_image_source(*CATALOGUE.resolve(entry, merged={"reader"}))
    reader = source.reader
    if isinstance(reader, DatasetReader):
        is_listed = reader.manifest_sha256 is None and reader.path.is_dir()
        pinned_reader = reader.model_copy(update={"content": listing(reader.path) if is_listed else None})
        return source.model_copy(update={"reader": pinned_reader})
    origins = [pinned(origin, globs_of(origin), what="images", name=source.name) for origin in source.origins]
    return source.model_copy(update={"origins": origins})
