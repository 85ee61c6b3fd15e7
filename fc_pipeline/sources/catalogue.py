"""The catalogue of sources that ship, and how an entry of a track becomes a whole source definition."""

from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.catalogue import Catalogue
from fc_pipeline.catalogue.pins import pinned
from fc_pipeline.sources.schema import Source, parse_source

CATALOGUE = Catalogue(Path(__file__).parent / "catalog", "source")


def resolve_source(entry: str | dict[str, Any]) -> Source:
    """A track's entry (see `Catalogue.resolve`) as a whole definition with everything pinned that decides what is read.

    The version of an installed distribution and the checksums of local files are filled in, so that a change of them
    changes the identity of the artifact.

    Raises:
        UserError: there is no such source, or a field is wrong; names it.
    """
    return pin(read_source(entry))


def read_source(entry: str | dict[str, Any]) -> Source:
    """The same without a look at this machine: what it decides is not filled in.

    Sizes that are published of an entry's files hold for no other files.
    """
    raw, where = CATALOGUE.resolve(entry)
    if isinstance(entry, dict) and "from" in entry and entry.keys() & {"files", "repo"} and "published" not in entry:
        raw = {key: value for key, value in raw.items() if key != "published"}
    return parse_source(raw, where)


def pin(source: Source) -> Source:
    """The source with what the machine decides filled in."""
    return pinned(source, source.files, what="source", name=source.name)
