"""The sources of conversations that ship, and how an entry of a track becomes a whole one."""

from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.catalogue import Catalogue
from fc_pipeline.catalogue.pins import pinned
from fc_pipeline.instructions.calls.schema import CallSource, parse_call_source
from fc_pipeline.instructions.schema import ConversationSource, parse_source

CATALOGUE = Catalogue(Path(__file__).parent / "catalog", "conversations")


def read_source(entry: str | dict[str, Any]) -> ConversationSource | CallSource:
    """A track's entry (see `Catalogue.resolve`) as it is written, without a look at this machine.

    One with `packages` is a source of calls.
    """
    raw, where = CATALOGUE.resolve(entry, merged=("calls", "offered"))
    return parse_call_source(raw, where) if "packages" in raw else parse_source(raw, where)


def resolve_source(entry: str | dict[str, Any]) -> ConversationSource | CallSource:
    """The same with everything pinned that decides what is read.

    Raises UserError when there is no such source or a field is wrong; names it.
    """
    source = read_source(entry)
    if isinstance(source, CallSource):
        pins = [pinned(pin, source.files, what="conversations", name=source.name) for pin in source.packages]
        return source.model_copy(update={"packages": pins})
    return pinned(source, source.files, what="conversations", name=source.name)
