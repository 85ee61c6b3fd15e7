"""Methods of Google's discovery documents: what a method does, and calls with values that the document itself has.

A value is one of an enum, a default, or an example of the description (`For example: "organizations/256"`). A method
with a required parameter that has none of these, or with a body, is left out: its call would be invented.
"""

import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from fc_model.chat.messages import ToolCall
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import File
from fc_pipeline.corpus.document import draw
from fc_pipeline.instructions.calls.example import (
    Example,
    Json,
    Read,
    Refused,
    Unread,
    function_tool,
    shortened,
    text_of,
)
from fc_pipeline.instructions.calls.request import request_of, stated
from fc_pipeline.instructions.calls.schema import CallFile, GoogleDiscovery
from fc_pipeline.instructions.validate import Invalid
from fc_pipeline.sources.readers.strict_json import parse_json

_MAX_DEPTH = 20
_MOST_OPTIONAL = 2
"""Optional parameters that a call has."""
_EXAMPLE = re.compile(r"(?:for example|e\.g\.|example)[,:]?\s*(?:[`\"']([^`\"'\n]{1,80})[`\"'])", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[{}*<>\[\]\s]|\.\.\.|\bYOUR|_ID\b|\b(?:PROJECT|LOCATION)\b")
_SEGMENTS = re.compile(r"\^([\w/-]|\[\^/\]\+)+\$")
"""A pattern of a path that is nothing else, so that it may be compared without running it."""
_TYPES = ("string", "integer", "number", "boolean")


def read(files: Iterator[File[CallFile]], settings: GoogleDiscovery, seed: int) -> Read:
    """Groups are APIs, all versions of one together."""
    for file in files:
        try:
            document = parse_json(text_of(file), strict=False)
            if not isinstance(document, dict) or not isinstance(document.get("name"), str):
                raise BadInput("invalid_document", "no object with a name")
            methods = sorted(_methods(document, 0), key=lambda method: draw(f"{seed}/{method['id']}"))
        except BadInput as bad:
            yield Unread(file.path, bad)
            continue
        version, kept = str(document.get("version")), 0
        for method in methods:
            key = f"{document['name']}/{version}/{method['id']}"
            try:
                if kept < settings.max_methods:
                    yield _example(key, document, method, settings, Random(f"{seed}/{key}"))
                    kept += 1
            except Invalid as refusal:
                yield Refused(key, refusal.reason, refusal.detail)


def _methods(resource: Mapping[str, Any], depth: int) -> Iterator[Json]:
    """Raises BadInput for resources in resources without end."""
    if depth > _MAX_DEPTH:
        raise BadInput("too_deep", f"resources deeper than {_MAX_DEPTH}")
    for method in _object(resource.get("methods")).values():
        if isinstance(method, dict) and isinstance(method.get("id"), str):
            yield method
    for inner in _object(resource.get("resources")).values():
        yield from _methods(_object(inner), depth + 1)


def _example(key: str, document: Json, method: Json, settings: GoogleDiscovery, random: Random) -> Example:
    """Raises Invalid for a method whose call would be invented."""
    if method.get("deprecated"):
        raise Invalid("deprecated", method["id"])
    if _has_body(document, method):
        raise Invalid("body", method["id"])
    known = {name: value for name, value in _object(method.get("parameters")).items() if isinstance(value, dict)}
    required = [name for name in known if known[name].get("required") is True]
    arguments = {}
    for name in required:
        arguments[name] = _value(known[name], random)
        if arguments[name] is None:
            raise Invalid("no_value", f"{method['id']}: {name}")
    others = [name for name in known if name not in required and not _is_old(known[name])]
    optional = {name: _value(known[name], random) for name in others}
    possible = [name for name in others if optional[name] is not None]
    for name in random.sample(possible, min(len(possible), random.randint(0 if required else 1, _MOST_OPTIONAL))):
        arguments[name] = optional[name]
    arguments = {name: arguments[name] for name in known if name in arguments}
    others = [name for name in others if name not in arguments]
    shown = {*arguments, *others[: max(0, settings.max_parameters - len(arguments))]}
    properties = {name: _schema(known[name], settings) for name in known if name in shown}
    name = re.sub(r"[^A-Za-z0-9_]", "_", method["id"])[-64:]
    about = str(method.get("description") or "")
    title = str(document.get("title") or document["name"]).removesuffix(" API")
    ask = request_of("", about, where=title, random=random)
    return Example(
        key=key, group=document["name"], kind="api_method", request=stated(ask, arguments),
        call=ToolCall(name, arguments),
        tool=function_tool(name, shortened(about, settings.max_description), properties, required),
    )  # fmt: skip


def _has_body(document: Json, method: Json) -> bool:
    """Whether the method takes an object that has members."""
    name = _object(method.get("request")).get("$ref")
    return name is not None and bool(_object(_object(document.get("schemas")).get(name)).get("properties", True))


def _value(parameter: Json, random: Random) -> Any:
    """A value that the document has for a parameter; None where it has none."""
    kind = parameter.get("type")
    values = parameter.get("enum")
    if isinstance(values, list) and values:
        old = parameter.get("enumDeprecated")
        old = old if isinstance(old, list) else []
        current = [
            value
            for place, value in enumerate(values)
            if isinstance(value, str) and not value.endswith("UNSPECIFIED") and not (place < len(old) and old[place])
        ]
        value: Any = random.choice(current) if current else None
    else:
        examples = _EXAMPLE.findall(str(parameter.get("description"))[:2_000])
        fitting = [one for one in examples if not _PLACEHOLDER.search(one) and _fits(one, parameter.get("pattern"))]
        texts = [parameter.get("default"), *fitting]
        value = next((_typed(text, kind) for text in texts if isinstance(text, str) and text), None)
    if value is None:
        return None
    return [value] if parameter.get("repeated") is True else value


def _typed(text: str, kind: Any) -> Any:
    if kind == "integer":
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
    if kind == "number":
        return float(text) if re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", text) else None
    if kind == "boolean":
        return {"true": True, "false": False}.get(text)
    return text if kind == "string" else None


def _fits(text: str, pattern: Any) -> bool:
    """Whether a path has the segments of a pattern; a pattern of another kind is not run, and nothing is known."""
    if not isinstance(pattern, str):
        return True
    if not _SEGMENTS.fullmatch(pattern):
        return False
    wanted, actual = pattern[1:-1].replace("[^/]+", "*").split("/"), text.split("/")
    return len(wanted) == len(actual) and all(a and w in ("*", a) for w, a in zip(wanted, actual, strict=True))


def _schema(parameter: Json, settings: GoogleDiscovery) -> Json:
    """Raises Invalid for a type that JSON Schema has not."""
    kind = parameter.get("type")
    if kind not in _TYPES:
        raise Invalid("invalid_schema", f"a parameter of type {kind!r}")
    schema: Json = {"type": kind}
    values = parameter.get("enum")
    if isinstance(values, list) and 0 < len(values) <= settings.max_enum:
        schema["enum"] = list(dict.fromkeys(map(str, values)))
    for name in ("minimum", "maximum"):
        limit = _typed(str(parameter.get(name)), kind) if kind in ("integer", "number") else None
        schema |= {} if limit is None else {name: limit}
    if parameter.get("repeated") is True:
        schema = {"type": "array", "items": schema}
    about = shortened(str(parameter.get("description") or ""), settings.max_description)
    return schema | ({"description": about} if about else {})


def _is_old(parameter: Json) -> bool:
    about = parameter.get("description")
    return parameter.get("deprecated") is True or (isinstance(about, str) and about.lower().startswith("deprecated"))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
