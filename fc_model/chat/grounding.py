"""Grounded calls: they hold no number and no date that the conversation does not state.

A small model calls the right tool with a digit that it made up. What may stand in a call is therefore read off the
messages, and the JSON Schema of each tool is narrowed to it, so that any constrained decoder keeps the model to it.

Numbers are read in figures and in English words, dates in ISO 8601, in figures and with the name of a month. What the
assistant wrote states nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any, Literal

from fc_model.chat.messages import Message
from fc_model.json_schema import validator_of
from fc_model.strict_json import to_json
from fc_model.tools.arguments import MAX_DIGITS
from fc_model.tools.registry import known_tool

Grounding = Literal["none", "conversation", "request"]
"""What a call may quote: anything, whatever was stated, or what was stated since the last result was answered. A tool
whose required values the request alone does not state may quote the whole conversation."""

Schema = Mapping[str, Any]
Number = int | float

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = "|".join((*_MONTHS, *(name[:3] for name in _MONTHS), "sept"))
_MONTH_NAME = re.compile(rf"\b(?:{_MONTH})\b", re.IGNORECASE)
_MINUS = "-−–－"
_NUMBER = re.compile(
    rf"(?:(?<![\w.)\]])[{_MINUS}])?"  # a sign, not the hyphen of 3-5
    r"(?:(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)*|(?<![\d.])\.\d+)"
    r"(?:[eE][-+]?\d{1,2}(?!\w))?"
)
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:[ \u00a0\u2009\u202f'’_]\d{3})+(?![\w.,]?\d)")
"""12 345 and 12'345, which may be several numbers, too."""
_SCALED = re.compile(r"(\d+(?:\.\d+)?) 1(0{2}|0{3}|0{6}|0{9})\b")
"""How the reader of number words leaves `3 million`."""
_ONE = re.compile(r"(?<![\w-])(?<!ty )one\b(?![- ](?:hundred|thousand|million|billion|point)\b)", re.IGNORECASE)
"""More often a pronoun than a number, as in `another one`; alone it states none."""
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])", re.IGNORECASE)
_SHORT = 3
_MOST_FIGURES = 2_000
"""Characters of all numbers that are looked at: a table that a tool returns may have any number of them, and a grammar
grows with each."""
_BETWEEN = re.compile(r"[\s,;]*(?:(?:and|or)\s+)?", re.IGNORECASE)
"""What stands between the numbers of a list."""
_IMPLIED = {
    "2": r"squared?|half|halve[sd]?|twice|double|binary",
    "3": r"cubed?|thrice|triple",
    "8": r"octal",
    "10": r"decimal",
    "12": r"dozen",
    "16": r"hex|hexadecimal",
    "100": r"per ?cent",
}
"""Words that mean a number where they stand for no amount of things."""
_IMPLIED_WORDS = [(re.compile(rf"\b(?:{words})\b", re.IGNORECASE), figure) for figure, words in _IMPLIED.items()]
_LESS = re.compile(r"\b(?:before|earlier|ago|back|minus|negative|less|below|subtract)\b", re.IGNORECASE)
_YEAR, _DAY = r"(?P<year>\d{4})(?!\d)", r"(?<!\d)(?P<day>\d\d?)(?:st|nd|rd|th)?"
_DATES = (
    re.compile(rf"(?<!\d){_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)"),
    re.compile(rf"{_DAY}(?: of)? (?P<month>{_MONTH})\b\.?,? {_YEAR}", re.IGNORECASE),
    re.compile(rf"\b(?P<month>{_MONTH})\.? {_DAY},? {_YEAR}", re.IGNORECASE),
    re.compile(rf"(?<!\d)(?P<day>\d\d?)([./])(?P<month>\d\d?)\2{_YEAR}"),
    re.compile(rf"(?<!\d)(?P<month>\d\d?)/(?P<day>\d\d?)/{_YEAR}"),
)
_CLOCK = re.compile(r"(?<![\d:])(?P<hour>\d\d?):(?P<rest>\d\d(?::\d\d)?)(?: ?(?P<half>[ap])\.?m\b)?", re.IGNORECASE)
_TIMES = {"date-time": "YYYY-MM-DDTHH:MM", "date": "YYYY-MM-DD", "time": "HH:MM"}
"""Formats of JSON Schema, and how descriptions put them."""


@dataclass(frozen=True)
class Statements:
    """What texts state: numbers, lists of them, dates and times."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, messages: Iterable[Message]) -> "Statements":
        """What all say but the assistant."""
        return cls(tuple(message.content for message in messages if message.role != "assistant"))

    @cached_property
    def lists(self) -> tuple[tuple[Number, ...], ...]:
        """Numbers that stand together; where none do, all of a text, too."""
        lists: list[tuple[Number, ...]] = []
        for text, matches in self._readings:
            together, end = list[list[Number]](), 0
            for match in matches:
                if (value := _value(match[0])) is None:
                    continue
                if not together or not _BETWEEN.fullmatch(text[end : match.start()]):
                    together.append([])
                together[-1].append(value)
                end = match.end()
            if len(together) > 1 and all(len(one) == 1 for one in together):
                together.append([one[0] for one in together])
            lists += map(tuple, together)
        return tuple(dict.fromkeys(lists))

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Without repeats; also the negative ones of `5 days before`."""
        values = map(_value, (*self._written, *self._implied))
        stated = dict.fromkeys(value for value in values if value is not None)
        if any(_LESS.search(text) for text in self.texts):
            stated |= dict.fromkeys(-value for value in stated if value)
        return tuple(stated)

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """Numbers as texts, without signs: whole, and the parts between separators of thousands."""
        figures = [*self._implied]
        for text in self._written:
            unsigned = text.lstrip(_MINUS)
            figures += [unsigned.replace(",", ""), *re.findall(r"[\d.]+", unsigned)]
        figures += [str(value) for value in map(_value, figures) if isinstance(value, int)]  # 04 is 4
        return tuple(dict.fromkeys(figures))

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """As YYYY-MM-DD, whether the calendar has them or not; 3/4/2025 is in March and in April."""
        days = []
        for text, form in product(self.texts, _DATES):
            for match in form.finditer(text):
                month = match["month"]
                number = int(month) if month.isdigit() else _month(month)
                days.append(f"{match['year']}-{number:02}-{int(match['day']):02}")
        return tuple(dict.fromkeys(days))

    @cached_property
    def clocks(self) -> tuple[str, ...]:
        """As HH:MM of 24 hours, or HH:MM:SS."""
        clocks = []
        for match in _CLOCK.finditer("\n".join(self.texts)):
            hour = int(match["hour"])
            if match["half"]:
                hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
            clocks.append(f"{hour:02}:{match['rest']}")
        return tuple(dict.fromkeys(clocks))

    @property
    def _written(self) -> Iterator[str]:
        return (match[0] for _, matches in self._readings for match in matches)

    @property
    def _implied(self) -> Iterator[str]:
        """Months by their numbers, dates by their parts, and what words mean."""
        for text in self.texts:
            yield from (str(_month(match[0])) for match in _MONTH_NAME.finditer(text))
            yield from (re.sub(r"\D", "", match[0]) for match in _GROUPED.finditer(text))
        for text, _ in self._readings:
            yield from (figure for words, figure in _IMPLIED_WORDS if words.search(text))
        for day in self.dates:
            yield from day.split("-")

    def named(self, spellings: Mapping[str, Iterable[str]]) -> list[str]:
        """The values that texts name, as whole words and not as a part of another's name; names up to three letters by
        their case, too, since K is no kilo."""
        text = "\n".join(self.texts)
        folded = text.casefold()
        mentions: dict[str, list[tuple[int, int]]] = {}
        for value, names in spellings.items():
            for name in names:
                if name.casefold() in folded:
                    mentions.setdefault(value, []).extend(match.span() for match in _whole(name).finditer(text))
        spans = [span for of_value in mentions.values() for span in of_value]

        def stands_alone(span: tuple[int, int]) -> bool:
            return not any(low <= span[0] and span[1] <= high and (low, high) != span for low, high in spans)

        return [value for value, of_value in mentions.items() if any(map(stands_alone, of_value))]

    @cached_property
    def _readings(self) -> list[tuple[str, list[re.Match[str]]]]:
        """The texts, and each with its words for numbers in figures, with the numbers of both; of all the last ones."""
        from text_to_num import alpha2digit

        readings, room = [], _MOST_FIGURES
        for text in reversed(self.texts):
            words = _ONE.sub("a", _HYPHEN.sub(" ", text.replace("%", " percent ")))
            for reading in (text, _SCALED.sub(_multiplied, alpha2digit(words, "en", threshold=1))):
                matches = [match for match in _NUMBER.finditer(reading) if len(match[0]) <= MAX_DIGITS]
                kept = list[re.Match[str]]()
                while matches and (room := room - len(matches[-1][0])) > 0:
                    kept.append(matches.pop())
                readings.append((reading, kept[::-1]))
        return readings[::-1]


def grounded_tools(
    tools: Sequence[dict[str, Any]], messages: Sequence[Message], grounding: Grounding
) -> list[dict[str, Any]]:
    """The tools that can be called with what is stated, their parameters narrowed to it."""
    if grounding == "none":
        return list(tools)
    sources = [Statements.of(messages)]
    if grounding == "request":
        sources.insert(0, Statements.of(_request(messages)))
    narrowed = (next(filter(None, (_narrowed(tool, stated) for stated in sources)), None) for tool in tools)
    return [tool for tool in narrowed if tool is not None]


def answer_pattern(messages: Sequence[Message], grounding: Grounding) -> str | None:
    """Regular expression of answers to a result: they hold no number that was not stated. None where any may stand."""
    if grounding == "none":
        return None
    return figures_pattern(Statements.of(_request(messages) if grounding == "request" else messages).figures)


def grounded_schema(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    """The schema for values that are stated; None where there is none.

    A number is one that is stated, or the default. A list of numbers is one that was written as such, or all the
    numbers of a message. A text that is a date or a time, by its format or its description, is a stated one; in any
    other a number is stated or has one digit. What `$ref` and `allOf` lead to stays as it is.
    """
    if not schema.keys().isdisjoint({"enum", "const", "$ref", "allOf"}):
        return dict(schema)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _any_of(schema, key, schema[key], stated)
    match schema.get("type"):
        case list() as kinds:
            return _any_of({}, "anyOf", [{**schema, "type": kind} for kind in kinds], stated)
        case "object":
            return _object(schema, stated)
        case "array":
            return _array(schema, stated)
        case "integer" | "number":
            return _choice(schema, stated.numbers)
        case "string":
            return _string(schema, stated)
    return dict(schema)


def figures_pattern(figures: Iterable[str]) -> str:
    """Regular expression of texts whose numbers are these figures."""
    longest_first = "|".join(map(re.escape, sorted(figures, key=len, reverse=True)))
    if not longest_first:
        return r"[^0-9]*"
    return rf"[^0-9]*((?:{longest_first})([^0-9.]|\.[^0-9])[^0-9]*)*((?:{longest_first})\.?)?"


def _request(messages: Sequence[Message]) -> Sequence[Message]:
    """What follows the last answer to a result: a question of the assistant and its reply belong to one request."""
    answers = [
        place
        for place, (before, message) in enumerate(pairwise(messages), start=1)
        if before.role == "tool" and message.role == "assistant" and not message.tool_calls
    ]
    return messages[answers[-1] + 1 :] if answers else messages


def _narrowed(tool: dict[str, Any], stated: Statements) -> dict[str, Any] | None:
    function = tool["function"]
    parameters = function.get("parameters") or {"type": "object"}
    ours = known_tool(tool)
    narrowed = grounded_schema(parameters, stated)
    if narrowed is not None and ours is not None and ours.spellings:
        narrowed = _named(narrowed, {name: stated.named(spellings()) for name, spellings in ours.spellings.items()})
    return None if narrowed is None else {**tool, "function": {**function, "parameters": narrowed}}


def _named(parameters: dict[str, Any], values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The parameters whose values texts name, each with another of them, as long as there are enough."""
    first, *others = values
    if not others or len(values[first]) < len(values):
        narrow = {name: {"enum": list(of_name)} for name, of_name in values.items() if of_name}
        return {**parameters, "properties": {**parameters["properties"], **narrow}}
    choices = []
    for value in values[first]:
        chosen = {**parameters, "properties": {**parameters["properties"], first: {"const": value}}}
        rest = {name: [other for other in values[name] if other != value] for name in others}
        choices.append({**_named(chosen, rest), "additionalProperties": False})
    return {"anyOf": choices}


def _any_of(schema: Schema, key: str, choices: Sequence[Any], stated: Statements) -> dict[str, Any] | None:
    narrowed = [grounded_schema(choice, stated) if isinstance(choice, Mapping) else choice for choice in choices]
    kept = [choice for choice in narrowed if choice is not None]
    return {**schema, key: kept} if kept else None


def _object(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    properties: dict[str, Any] = {}
    for name, of_property in schema.get("properties", {}).items():
        narrowed = grounded_schema(of_property, stated) if isinstance(of_property, Mapping) else of_property
        if narrowed is None and name in schema.get("required", ()):
            return None
        if narrowed is not None:
            properties[name] = narrowed
        elif schema.get("additionalProperties", False) is not False:
            properties[name] = False
    return {**schema, "properties": properties} if properties or "properties" in schema else dict(schema)


def _array(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    items = schema.get("items")
    if not isinstance(items, Mapping):
        return dict(schema)
    if items.get("type") not in ("integer", "number"):
        narrowed = grounded_schema(items, stated)
        return None if narrowed is None else {**schema, "items": narrowed}
    is_valid = validator_of(to_json(schema)).is_valid
    lists = [values for values in stated.lists if is_valid(list(values))]
    forms = [
        {
            "type": "array",
            "prefixItems": [{"const": value} for value in values],
            "items": False,
            "minItems": len(values),
        }
        for values in lists
    ]
    return {"anyOf": forms} if forms else None


def _string(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    about = str(schema.get("description", ""))
    kind = next((kind for kind, form in _TIMES.items() if schema.get("format") == kind or form in about), None)
    if kind == "date-time":
        return _choice(schema, [f"{day}T{clock}" for day, clock in product(stated.dates, stated.clocks)])
    if kind is not None:
        return _choice(schema, stated.dates if kind == "date" else stated.clocks)
    if "pattern" in schema:
        return dict(schema)
    return {**schema, "pattern": f"^{figures_pattern(stated.figures)}$"}


def _choice(schema: Schema, values: Iterable[Any]) -> dict[str, Any] | None:
    defaults = [schema["default"]] if "default" in schema else []
    is_valid = validator_of(to_json(schema)).is_valid
    allowed = [value for value in (*values, *defaults) if is_valid(value)]
    return {"enum": list(dict.fromkeys(allowed))} if allowed else None


def _value(figures: str) -> Number | None:
    """Of a number in figures; None for 1.2.3."""
    plain = re.sub(f"^[{_MINUS}]", "-", figures.replace(",", ""))
    if plain.count(".") > 1:
        return None
    if plain.lstrip("-").isdecimal():
        return int(plain)
    value = float(plain)
    return int(value) if "e" in plain.lower() and value.is_integer() else value


def _whole(name: str) -> re.Pattern[str]:
    """A name as whole words."""
    start, end = (r"(?<![\w'’])" if name[:1].isalnum() else ""), (r"(?!\w)" if name[-1:].isalnum() else "")
    return re.compile(start + re.escape(name) + end, re.NOFLAG if len(name) <= _SHORT else re.IGNORECASE)


def _multiplied(match: re.Match[str]) -> str:
    value = float(match[1]) * 10 ** len(match[2])
    return to_json(int(value) if value.is_integer() else value)


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, start=1) if month.startswith(name.lower()[:3]))
