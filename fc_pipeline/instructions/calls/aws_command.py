"""A command line of the AWS CLI as the input of its operation: options by the types of botocore's shapes.

A value is JSON, or the CLI's shorthand: `Key=a,Value=b`, `Names=[a,b]`, `Ebs={Size=8}`, lists also as words in a row
(https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html). What the shell or a file would fill in is
refused.
"""

import re
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.instructions.calls.aws_model import Service, shape_of
from fc_pipeline.instructions.calls.example import Json
from fc_pipeline.instructions.validate import Invalid
from fc_pipeline.sources.readers.strict_json import parse_json

_MAX_CHARS = 8_000
_MAX_DEPTH = 8
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_QUOTED = re.compile(r"'[^']*'|\"[^\"$`]*\"")
"""What the shell leaves as it is."""
_SHELL = re.compile(r"[`|;&<>]|\$[\w({]")
_NO_INPUT = {
    *("output", "query", "no-cli-pager", "no-paginate", "color", "cli-binary-format"),
    *("region", "profile", "endpoint-url"),
}
"""Options that say how input and answer are written, and where a call goes."""


class Command(NamedTuple):
    """What a command line says: `aws service operation --option value...`."""

    service: str
    operation: str
    options: dict[str, list[str]]


def split_command(text: str) -> Command:
    """Raises Invalid for what is no command of one operation."""
    if len(text) > _MAX_CHARS:
        raise Invalid("command_too_long", f"{len(text)} characters")
    try:
        words = shlex.split(re.sub(r"\\\s*\n", " ", text))
    except ValueError as error:
        raise Invalid("shell", f"{error}: {text}") from error
    if _SHELL.search(_QUOTED.sub("", text)):
        raise Invalid("shell", text)
    if len(words) < 3 or words[0] != "aws" or words[1].startswith("-") or words[2].startswith("-"):
        raise Invalid("no_operation", text)
    options: dict[str, list[str]] = {}
    values: list[str] | None = None
    for word in words[3:]:
        if re.match(r"--[a-z]", word):
            name, equals, value = word[2:].partition("=")
            values = options.setdefault(name, [])
            values += [value] if equals else []
        elif values is None:
            raise Invalid("positional_argument", f"{word!r}: {text}")
        else:
            values.append(word)
    return Command(words[1], words[2], options)


def arguments_of(command: Command, service: Service, operation: str) -> Json:
    """The input of the operation. Raises Invalid."""
    name = service.input_shape(operation)
    shape = service.shape(name) if name is not None else {"type": "structure"}
    arguments: Json = {}
    for option, words in command.options.items():
        if option in _NO_INPUT:
            continue
        member, is_negated = service.member(shape, option), False
        if member is None and option.startswith("no-"):
            member, is_negated = service.member(shape, option.removeprefix("no-")), True
        if member is None:
            raise Invalid("unknown_option", f"--{option} of {command.service} {command.operation}")
        inner = service.members(shape)[member]
        if not words:
            if service.shape(inner)["type"] != "boolean":
                raise Invalid("invalid_value", f"--{option} has no value")
            arguments[member] = not is_negated
        else:
            arguments[member] = _value(words, inner, service, f"--{option}")
    return arguments


def _value(words: Sequence[str], shape_name: str, service: Service, where: str) -> Any:
    """The value of an option. Raises Invalid."""
    for word in words:
        if re.match(r"(file|fileb)://|https?://$", word):
            raise Invalid("refers_to_file", f"{where} {word}")
    shape = service.shape(shape_name)
    kind = shape["type"]
    if kind in ("structure", "map", "list") and words[0].lstrip()[:1] in ("{", "["):
        try:
            values = [parse_json(word) for word in words]
        except BadInput as error:
            raise Invalid("invalid_value", f"{where}: {error.detail}: {words[0][:200]}") from error
        whole = len(values) == 1 and (kind != "list" or isinstance(values[0], list))
        return values[0] if whole else values
    if kind == "list":
        item = shape_of(shape, "member")
        if service.shape(item)["type"] in ("structure", "map", "list"):
            return [_Shorthand(word, service, where).whole(item) for word in words]
        return [_scalar(word, service.shape(item)["type"], where) for word in words]
    if len(words) != 1:
        if kind not in ("map", "structure"):
            raise Invalid("invalid_value", f"{where} has {len(words)} values")
        words = [",".join(words)]
    if kind in ("structure", "map"):
        return _Shorthand(words[0], service, where).whole(shape_name)
    return _scalar(words[0], kind, where)


def _scalar(word: str, kind: str, where: str) -> Any:
    if kind in ("integer", "long") and _WHOLE.fullmatch(word):
        return int(word)
    if kind in ("float", "double") and _NUMBER.fullmatch(word):
        return float(word) if "." in word else int(word)
    if kind == "boolean" and word.lower() in ("true", "false"):
        return word.lower() == "true"
    if kind in ("string", "character", "timestamp", "blob"):
        return word
    raise Invalid("invalid_value", f"{where}: {word[:200]!r} is no {kind}")


class _Shorthand:
    """A value in shorthand on its way to be read."""

    def __init__(self, text: str, service: Service, where: str) -> None:
        self._text, self._service, self._where, self._place = text, service, where, 0

    def whole(self, shape_name: str) -> Any:
        value = self._pairs(shape_name, "", 0)
        if self._place < len(self._text):
            raise self._wrong()
        return value

    def _pairs(self, shape_name: str, end: str, depth: int) -> Json:
        """`name=value` pairs, up to the bracket `end`."""
        if depth > _MAX_DEPTH:
            raise Invalid("too_deep", f"{self._where}: deeper than {_MAX_DEPTH}")
        shape = self._service.shape(shape_name)
        members = self._service.members(shape)
        pairs: Json = {}
        while self._place < len(self._text) and self._next() != end:
            match = re.compile(r"\s*([^=,\[\]{}]+?)\s*=\s*").match(self._text, self._place)
            if match is None or match[1] in pairs:
                raise self._wrong()
            self._place = match.end()
            inner = members.get(match[1]) if shape["type"] == "structure" else shape_of(shape, "value")
            if not inner:
                raise self._wrong()
            pairs[match[1]] = self._item(inner, depth + 1)
            if self._next() == ",":
                self._place += 1
            elif self._place < len(self._text) and self._next() != end:
                raise self._wrong()
        return pairs

    def _item(self, shape_name: str, depth: int) -> Any:
        shape = self._service.shape(shape_name)
        kind = shape["type"]
        if kind == "list":
            return self._items(shape_of(shape, "member"), depth)
        if kind in ("structure", "map"):
            if self._next() != "{":
                raise self._wrong()
            self._place += 1
            value = self._pairs(shape_name, "}", depth)
            self._close("}")
            return value
        return _scalar(self._word(), kind, self._where)

    def _items(self, shape_name: str, depth: int) -> list[Any]:
        """`[a,b]`, or `a,b` up to the next `name=`."""
        items: list[Any] = []
        if self._next() == "[":
            self._place += 1
            while self._place < len(self._text) and self._next() != "]":
                items.append(self._item(shape_name, depth + 1))
                if self._next() == ",":
                    self._place += 1
            self._close("]")
            return items
        while True:
            items.append(self._item(shape_name, depth + 1))
            following = re.compile(r",(?![^,=\[\]{}]*=)(?!$)").match(self._text, self._place)
            if following is None:
                return items
            self._place += 1

    def _word(self) -> str:
        match = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|([^,\[\]{}]*)").match(self._text, self._place)
        assert match is not None, "the last alternative may be empty"
        self._place = match.end()
        return next(group for group in match.groups() if group is not None)

    def _next(self) -> str:
        return self._text[self._place : self._place + 1]

    def _close(self, bracket: str) -> None:
        if self._next() != bracket:
            raise self._wrong()
        self._place += 1

    def _wrong(self) -> Invalid:
        return Invalid("invalid_value", f"{self._where}: {self._text[:200]!r} is no shorthand, from {self._place}")
