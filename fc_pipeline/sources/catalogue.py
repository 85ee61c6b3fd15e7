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
    return pin(parse_source(*CATALOGUE.resolve(entry)))


def pin(source: Source) -> Source:
    """The source with what the machine decides filled in."""
    return pinned(source, source.files, what="source", name=source.name)
