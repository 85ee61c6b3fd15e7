"""Patches the loading of components: one folder that Dagster 1.13 refuses would take all others with it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster.components.core import decl


@contextmanager
def left_out(folders: Collection[Path]) -> Iterator[None]:
    """Inside, Dagster passes over these folders of `defs/`."""
    original = decl.build_filesystem_component_decl_from_context

    def build(context: Any) -> Any:
        return None if context.path in folders else original(context)

    decl.build_filesystem_component_decl_from_context = build
    try:
        yield
    finally:
        decl.build_filesystem_component_decl_from_context = original
