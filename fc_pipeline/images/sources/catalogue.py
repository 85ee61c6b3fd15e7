"""The catalogue of image sources that ship, and how an entry of a track becomes a whole definition."""

import difflib
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from fc_model.errors import UserError
from fc_pipeline.images.sources.files import as_file_source
from fc_pipeline.images.sources.readers.dataset_folder import pinned_reader
from fc_pipeline.images.sources.schema import DatasetReader, ImageSource, Origin, parse_image_source
from fc_pipeline.sources import catalogue as text_catalogue
from fc_pipeline.sources.schema import InstalledSource, LocalSource
from fc_pipeline.yaml_loader import read_yaml

CATALOGUE = Path(__file__).parent / "catalog"


def names() -> list[str]:
    """Names of the image sources of the catalogue, sorted."""
    return sorted(path.stem for path in CATALOGUE.glob("*.yaml"))


def resolve_image_source(entry: str | dict[str, Any]) -> ImageSource:
    """A track's entry as a whole definition, with what the machine decides filled in (versions, checksums).

    An entry is the name of a catalogue source; or `{from: <catalogue name>, name: <new name>, <field>: <value>}`,
    which changes some of its fields (`reader` is merged field by field); or a whole definition.

    Raises:
        UserError: there is no such source, or a field is wrong; names it.
    """
    if isinstance(entry, str):
        return _pinned(parse_image_source(read_entry(entry), f"images {entry}"))
    if "from" not in entry:
        return _pinned(parse_image_source(entry, f"images {entry.get('name', '?')}"))
    base = read_entry(str(entry["from"]))
    raw = {**base, **{key: value for key, value in entry.items() if key != "from"}}
    where = f"images {raw['name']}"
    if raw["name"] == entry["from"]:
        raise UserError(f"{where}: changes fields of {entry['from']}, so give it a `name` of its own")
    if isinstance(entry.get("reader"), dict):
        raw["reader"] = {**base["reader"], **entry["reader"]}
    return _pinned(parse_image_source(raw, where))


def _pinned(source: ImageSource) -> ImageSource:
    if isinstance(source.reader, DatasetReader):
        return source.model_copy(update={"reader": pinned_reader(source.reader)})
    return source.model_copy(update={"origins": [_pinned_origin(source, origin) for origin in source.origins]})


def _pinned_origin(source: ImageSource, origin: Origin) -> Origin:
    pinned = text_catalogue.pin(as_file_source(source, origin))
    if isinstance(pinned, InstalledSource):
        return origin.model_copy(update={"version": pinned.version})
    if isinstance(pinned, LocalSource):
        return origin.model_copy(update={"content": pinned.content})
    return origin


@lru_cache(maxsize=256)
def read_entry(name: str) -> dict[str, Any]:
    """The raw fields of a catalogue entry, not to be changed; its name is its file's."""
    path = CATALOGUE / f"{name}.yaml"
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names())}"
        raise UserError(f"images {name!r} is not in the catalogue; {hint}")
    try:
        raw = read_yaml(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    return {"name": name, **raw}
