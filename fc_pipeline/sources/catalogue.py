"""The catalogue of sources that ship, and how an entry of a track becomes a whole source definition."""

import difflib
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from fc_model.errors import UserError
from fc_pipeline.paths import fc_home
from fc_pipeline.sources.kinds.installed import installed_version
from fc_pipeline.sources.kinds.local import folder_content
from fc_pipeline.sources.kinds.revisions import read_revisions
from fc_pipeline.sources.schema import HubSource, InstalledSource, LocalSource, Source, parse_source
from fc_pipeline.yaml_loader import read_yaml

CATALOGUE = Path(__file__).parent / "catalog"


def names() -> list[str]:
    """Names of the sources of the catalogue, sorted."""
    return sorted(path.stem for path in CATALOGUE.glob("*.yaml"))


def resolve_source(entry: str | dict[str, Any]) -> Source:
    """A track's entry as a whole definition with everything pinned that decides what is read.

    An entry is the name of a catalogue source; or `{from: <catalogue name>, name: <new name>, <field>: <value>}`,
    which changes some of its fields; or a whole definition. The version of an installed distribution and the
    checksums of local files are filled in, so that a change of them changes the identity of the artifact.

    Raises:
        UserError: there is no such source, or a field is wrong; names it.
    """
    if isinstance(entry, str):
        raw, where = read_entry(entry), f"source {entry}"
    elif "from" in entry:
        raw = {**read_entry(str(entry["from"])), **{key: value for key, value in entry.items() if key != "from"}}
        where = f"source {raw['name']}"
        if raw["name"] == entry["from"]:
            raise UserError(f"{where}: changes fields of {entry['from']}, so give it a `name` of its own")
    else:
        raw, where = entry, f"source {entry.get('name', '?')}"
    return pin(parse_source(raw, where))


def pin(source: Source) -> Source:
    """Fill in what the machine decides: the installed version, the content of a local folder, a followed commit."""
    if isinstance(source, InstalledSource):
        version = installed_version(source.distribution)
        if source.version not in (None, version):
            raise UserError(
                f"source {source.name}: {source.distribution} {version} is installed, the source asks for "
                f"{source.version}; install that version or drop `version`"
            )
        return source.model_copy(update={"version": version})
    if isinstance(source, LocalSource):
        return source.model_copy(update={"content": folder_content(source)})
    if isinstance(source, HubSource) and source.follow is not None:
        return source.model_copy(update={"revision": read_revisions(fc_home()).get(source.name, source.revision)})
    return source


@lru_cache(maxsize=256)
def read_entry(name: str) -> dict[str, Any]:
    """The raw fields of a catalogue entry, not to be changed; its name is its file's."""
    path = CATALOGUE / f"{name}.yaml"
    if not path.is_file():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names())}"
        raise UserError(f"source {name!r} is not in the catalogue; {hint}")
    try:
        raw = read_yaml(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    return {"name": name, **raw}
