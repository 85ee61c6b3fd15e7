"""botocore's service models as JSON Schema: of an operation what a call needs and has, and a few parameters more.

The format is that of `service-2.json`: operations whose input is a shape, and shapes that have members, which are
shapes again. A map or list of shapes may hold itself, so a schema goes only as deep as the call does.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.instructions.calls.example import Json, object_schema, shortened
from fc_pipeline.instructions.calls.schema import AwsCli
from fc_pipeline.instructions.validate import Invalid
from fc_pipeline.sources.readers.strict_json import parse_json

_MAX_DEPTH = 16
_MAX_PARTS = 1_000
"""Of a schema."""
_TAG = re.compile(r"<[^<>]*>")
_SCALARS = {
    "string": "string", "blob": "string", "timestamp": "string", "character": "string", "boolean": "boolean",
    "integer": "integer", "long": "integer", "float": "number", "double": "number",
}  # fmt: skip


@dataclass(frozen=True)
class Service:
    """A service model."""

    name: str
    """As people call it, `IAM`."""
    operations: Mapping[str, Json]
    shapes: Mapping[str, Json]

    def operation(self, name: str) -> str | None:
        """The operation of a name that is written otherwise: CreateRole of create-role."""
        return next((one for one in self.operations if _plain(one) == _plain(name)), None)

    def input_shape(self, operation: str) -> str | None:
        """The shape of what the operation takes; None where it takes nothing."""
        entry = self.operations[operation].get("input")
        return entry.get("shape") if isinstance(entry, dict) else None

    def shape(self, name: Any) -> Json:
        """Raises Invalid."""
        shape = self.shapes.get(name) if isinstance(name, str) else None
        if not isinstance(shape, dict) or not isinstance(shape.get("type"), str):
            raise Invalid("invalid_schema", f"no shape {name!r}")
        return shape

    def members(self, shape: Json) -> dict[str, str]:
        """{member: its shape} of a structure."""
        members = shape.get("members")
        pairs = members.items() if isinstance(members, dict) else ()
        return {name: member.get("shape", "") for name, member in pairs if isinstance(member, dict)}

    def member(self, shape: Json, option: str) -> str | None:
        """The member that an option of the command line stands for: `RoleName` of `role-name`."""
        return next((name for name in self.members(shape) if _plain(name) == _plain(option)), None)


def read_service(text: str) -> Service:
    """Raises BadInput."""
    content = parse_json(text, strict=False)
    names = ("metadata", "operations", "shapes")
    if not isinstance(content, dict) or not all(isinstance(content.get(name), dict) for name in names):
        raise BadInput("invalid_model", "no object with metadata, operations and shapes")
    metadata, operations, shapes = (content[name] for name in names)
    name = metadata.get("serviceId") or metadata.get("serviceFullName") or metadata.get("endpointPrefix")
    known = {key: value for key, value in operations.items() if isinstance(value, dict)}
    return Service(name=str(name), operations=known, shapes=shapes)


def parameters(service: Service, operation: str, arguments: Json, settings: AwsCli) -> Json:
    """JSON Schema of an operation's input, with room for these arguments. Raises Invalid for a model that has gaps."""
    name = service.input_shape(operation)
    if name is None:
        return object_schema({}, [])
    return _Writer(service, settings).structure(service.shape(name), [arguments], 0)


def description(service: Service, operation: str, settings: AwsCli) -> str:
    return _text(service.operations[operation].get("documentation"), settings.max_description)


def shape_of(shape: Json, role: str) -> str:
    """The shape of a list's `member`, or a map's `value`; "" where there is none."""
    entry = shape.get(role)
    return str(entry.get("shape")) if isinstance(entry, dict) else ""


class _Writer:
    """A schema on its way."""

    def __init__(self, service: Service, settings: AwsCli) -> None:
        self._service, self._settings, self._parts = service, settings, 0

    def structure(self, shape: Json, values: Sequence[Any], depth: int) -> Json:
        """Of the members that are required or have values; on the first level more, up to the limit."""
        members = self._service.members(shape)
        needed = shape.get("required")
        required = [name for name in members if isinstance(needed, list) and name in needed]
        used = {name for value in values if isinstance(value, dict) for name in value}
        chosen = [name for name in members if name in used or name in required]
        if depth == 0:
            others = [name for name in members if name not in chosen]
            chosen += others[: max(0, self._settings.max_parameters - len(chosen))]
        properties = {}
        for name in (name for name in members if name in chosen):
            inside = [value[name] for value in values if isinstance(value, dict) and name in value]
            properties[name] = self._schema(members[name], inside, depth + 1)
            about = shape["members"][name].get("documentation") if depth == 0 else None
            if text := _text(about, self._settings.max_description):
                properties[name] = {**properties[name], "description": text}
        return object_schema(properties, required)

    def _schema(self, name: str, values: Sequence[Any], depth: int) -> Json:
        if depth > _MAX_DEPTH:
            raise Invalid("too_deep", f"a call deeper than {_MAX_DEPTH}")
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise Invalid("too_deep", f"a schema of more than {_MAX_PARTS} parts")
        shape = self._service.shape(name)
        kind = shape["type"]
        if kind == "structure":
            if values or depth < 3:
                return self.structure(shape, values, depth)
            return {"type": "object"}
        if kind == "list":
            inside = [item for value in values if isinstance(value, list) for item in value]
            return {"type": "array", "items": self._schema(shape_of(shape, "member"), inside, depth + 1)}
        if kind == "map":
            inside = [item for value in values if isinstance(value, dict) for item in value.values()]
            items = self._schema(shape_of(shape, "value"), inside, depth + 1) if inside or depth < 3 else {}
            return {"type": "object", "additionalProperties": items}
        return self._scalar(shape, kind)

    def _scalar(self, shape: Json, kind: str) -> Json:
        if kind not in _SCALARS:
            raise Invalid("invalid_schema", f"a shape of type {kind!r}")
        values = shape.get("enum")
        if isinstance(values, list) and 0 < len(values) <= self._settings.max_enum:
            return {"type": "string", "enum": list(dict.fromkeys(map(str, values)))}
        return {"type": _SCALARS[kind]}


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def _text(documentation: Any, limit: int) -> str:
    """The first sentence of documentation in HTML."""
    return shortened(html.unescape(_TAG.sub(" ", documentation)), limit) if isinstance(documentation, str) else ""
