"""A folder of entries that ship, one YAML file each, and how an entry of a track becomes the fields of a whole one."""

import os
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from fc_model.errors import UserError, suggestion
from fc_pipeline.yaml_loader import read_yaml


class Catalogue:
    """The entries of `folder`; an entry's name is its file's. `what` is what errors call one: source, font package."""

    def __init__(self, folder: Path, what: str) -> None:
        self.folder = folder
        self.what = what

    def names(self) -> list[str]:
        # A plan asks more than a thousand times: with pathlib that takes a quarter of a second.
        names = os.listdir(self.folder)  # noqa: PTH208
        return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))

    def read(self, name: str) -> dict[str, Any]:
        """The fields of an entry, not to be changed. Raises UserError when there is none of that name."""
        if name not in self.names():
            raise UserError(f"{self.what} {name!r} is not in the catalogue{suggestion(name, self.names())}")
        return {"name": name, **_read(self.folder / f"{name}.yaml")}

    def resolve(self, entry: str | dict[str, Any], *, merged: Collection[str] = ()) -> tuple[dict[str, Any], str]:
        """An entry of a track as the fields of a whole one, and what errors begin with.

        It is the name of an entry of the catalogue; or `{from: <name>, name: <new name>, <field>: <value>}`, which
        changes some of its fields (those of `merged` key by key); or whole.

        Raises:
            UserError: there is no such entry, or it changes another one without a name of its own.
        """
        if isinstance(entry, str):
            return self.read(entry), f"{self.what} {entry}"
        if "from" not in entry:
            return entry, f"{self.what} {entry.get('name', '?')}"
        if not isinstance(entry["from"], str):
            raise UserError(f"{self.what}: from: must be a name, YAML reads it as {entry['from']!r}: put it in quotes")
        base = self.read(entry["from"])
        raw = {**base, **{key: value for key, value in entry.items() if key != "from"}}
        both = [key for key in merged if isinstance(raw.get(key), dict) and isinstance(base.get(key), dict)]
        raw |= {key: {**base[key], **raw[key]} for key in both}
        if raw["name"] == entry["from"]:
            raise UserError(
                f"{self.what} {raw['name']}: changes fields of {entry['from']}, so give it a `name` of its own"
            )
        return raw, f"{self.what} {raw['name']}"


@cache
def _read(path: Path) -> dict[str, Any]:
    return read_yaml(path)
