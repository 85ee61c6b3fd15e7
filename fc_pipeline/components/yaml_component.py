"""A component that is one YAML file, validated as a whole under the name of its folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from fc_model.errors import UserError


def attributes_of(schema: Callable[[], dict[str, Any]]) -> type[BaseModel]:
    """Attributes as they stand in the file, any of them; the JSON schema that editors see is `schema`'s."""

    class Attributes(BaseModel):
        model_config = ConfigDict(extra="allow")

        @classmethod
        def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
            return schema()

    return Attributes


def read_component(
    attributes: BaseModel | None, context: dg.ComponentLoadContext, root: Path
) -> tuple[str, dict[str, Any]]:
    """(name, attributes as written). The folder's name is the component's.

    Raises UserError when the folder is among the definitions, but not in `root`, where such files are read from.
    """
    folder = context.path.parent if context.path.suffix in (".yaml", ".yml") else context.path
    if folder.is_relative_to(root.parent) and folder.parent != root:
        raise UserError(f"{folder}: {root.name} are looked for in {root}: move this folder there")
    return folder.name, attributes.model_dump(exclude_unset=True) if attributes else {}
