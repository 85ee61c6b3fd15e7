"""Examples of the AWS command line interface: described calls in JSON, and described commands, with their models.

`botocore/data/<service>/<version>/service-2.json` is a model, `examples-1.json` beside it has calls in JSON, and
`examples/<service>/<operation>.rst` has commands. What a description does not state of a call is stated behind it,
since nobody could know it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath
from random import Random
from typing import Any, NamedTuple

from fc_model.chat.messages import ToolCall
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import File
from fc_pipeline.instructions.calls.aws_command import arguments_of, split_command
from fc_pipeline.instructions.calls.aws_model import Service, description, parameters, read_service
from fc_pipeline.instructions.calls.example import Example, Json, Read, Refused, Unread, function_tool, text_of
from fc_pipeline.instructions.calls.request import request_of, stated
from fc_pipeline.instructions.calls.schema import AwsCli, CallFile
from fc_pipeline.instructions.validate import Invalid
from fc_pipeline.sources.readers.strict_json import parse_json

_MODEL_OF = {"configservice": "config", "deploy": "codedeploy", "s3api": "s3"}
"""Where the command has another name than the model."""
_TITLE = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_LABEL = re.compile(r"(?:^|\n)\s*(?:Command|Input|Example|Request)\s*::?\s*$|::\s*$")
_OPERATION_NAME = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class _Described(NamedTuple):
    """A call with its description, before it is read."""

    key: str
    service: str
    operation: str
    texts: tuple[str, str]
    """Title and description."""
    arguments: Json | None
    command: str = ""


def read(files: Iterator[File[CallFile]], settings: AwsCli, seed: int) -> Read:
    """Groups are services."""
    models: dict[str, tuple[str, File[CallFile]]] = {}
    described: dict[str, list[_Described]] = defaultdict(list)
    for file in files:
        path = PurePosixPath(file.path)
        try:
            if path.name == "service-2.json":
                name, version = path.parent.parent.name, path.parent.name
                if name not in models or version > models[name][0]:
                    models[name] = (version, file)
            elif path.name == "examples-1.json":
                for one in _json_examples(path, text_of(file)):
                    described[one.service].append(one)
            else:
                for one in _commands(path, text_of(file)):
                    described[one.service].append(one)
        except BadInput as bad:
            yield Unread(file.path, bad)
    for name, examples in sorted(described.items()):
        if name not in models:
            yield from (Refused(one.key, "no_model", one.command or one.operation) for one in examples)
            continue
        try:
            service = read_service(text_of(models[name][1]))
        except BadInput as bad:
            yield Unread(name, bad)
            continue
        yield from _examples(name, service, examples, settings, seed)


def _examples(name: str, service: Service, examples: list[_Described], settings: AwsCli, seed: int) -> Read:
    for one in examples:
        try:
            operation, arguments = _call(name, service, one)
            schema = parameters(service, operation, arguments, settings)
            tool_name = f"{name}_{_OPERATION_NAME.sub('_', operation).lower()}".replace("-", "_")[:64]
            tool = function_tool(tool_name, description(service, operation, settings), {}, [])
            tool["function"]["parameters"] = schema
            ask = request_of(*one.texts, where=service.name, random=Random(f"{seed}/{one.key}"))
            yield Example(
                key=one.key, group=name, kind="cli_example", request=stated(ask, arguments),
                call=ToolCall(tool_name, arguments), tool=tool,
            )  # fmt: skip
        except Invalid as refusal:
            yield Refused(one.key, refusal.reason, refusal.detail)


def _call(name: str, service: Service, one: _Described) -> tuple[str, Json]:
    """(operation, arguments). Raises Invalid."""
    command = split_command(one.command) if one.arguments is None else None
    if command is not None and _MODEL_OF.get(command.service, command.service) != name:
        raise Invalid("other_service", one.command)
    operation = service.operation(one.operation if command is None else command.operation)
    if operation is None:
        raise Invalid("unknown_operation", one.command or one.operation)
    return operation, (one.arguments or {}) if command is None else arguments_of(command, service, operation)


def _json_examples(path: PurePosixPath, text: str) -> Iterator[_Described]:
    content = parse_json(text, strict=False)
    operations = content.get("examples") if isinstance(content, dict) else None
    if not isinstance(operations, dict):
        raise BadInput("invalid_examples", "no object with examples")
    service, version = path.parent.parent.name, path.parent.name
    for operation, examples in operations.items():
        for number, one in enumerate(examples if isinstance(examples, list) else []):
            if isinstance(one, dict) and isinstance(one.get("input", {}), dict):
                yield _Described(
                    key=f"{service}/{version}/{operation}/{number}", service=service, operation=operation,
                    texts=(_text(one.get("title")), _text(one.get("description"))), arguments=one.get("input") or {},
                )  # fmt: skip


def _commands(path: PurePosixPath, text: str) -> Iterator[_Described]:
    """The indented blocks that begin with `aws`, with the last title and paragraphs before each."""
    service = _MODEL_OF.get(path.parent.name, path.parent.name)
    title = before = ""
    number = 0
    for block in re.split(r"\n(?:[ \t]*\n)+", text.expandtabs(4).lstrip("\n")):
        if block.startswith((" ", "\n")):
            command = "\n".join(line.strip() for line in block.strip().splitlines())
            if command.startswith("aws ") and (title or before):
                key = f"{path.parent.name}/{path.stem}/{number}"
                about = _LABEL.sub("", before.rstrip()).rstrip(" :")
                yield _Described(key, service, path.stem, (title, about), None, command)
                number += 1
            before = ""
        elif match := _TITLE.fullmatch(block.strip()):
            title, before = " ".join(match[1].split()), ""
        else:
            before = before if _LABEL.fullmatch(block.strip()) else block


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
