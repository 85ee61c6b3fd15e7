"""Intents of Home Assistant (the package home-assistant-intents): templates become sentences, intents become tools.

What a home has (names of devices, areas) is in no package: the source says it. Where a template needs to know the room
that the user is in, the system message says it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from fc_model.chat.messages import ToolCall
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import File
from fc_pipeline.corpus.document import draw
from fc_pipeline.instructions.calls.example import Example, Json, Read, Refused, Unread, function_tool, text_of
from fc_pipeline.instructions.calls.schema import CallFile, HomeAssistant
from fc_pipeline.instructions.calls.sentences import BadTemplate, Slot, no_slots, sentence, slots
from fc_pipeline.sources.readers.strict_json import parse_json

_GENERAL = "general"
_ANYWHERE = ("light", "switch", "fan")
"""Domains of a name whose template asks for none."""
_WORD = re.compile(r"[A-Z][a-z]+|[A-Z]+(?![a-z])|\d+")


def read(files: Iterator[File[CallFile]], settings: HomeAssistant, seed: int) -> Read:
    """Groups are `skill/intent/template`."""
    for file in files:
        try:
            yield from _Language(_content(text_of(file)), settings).examples(seed)
        except BadInput as bad:
            yield Unread(file.path, bad)


def _content(text: str) -> Json:
    content = parse_json(text)
    parts = {"intents": dict, "lists": dict, "expansion_rules": dict}
    if not isinstance(content, dict) or any(not isinstance(content.get(name), kind) for name, kind in parts.items()):
        raise BadInput("invalid_intents", "no object with intents, lists and expansion_rules")
    if not all(isinstance(rule, str) for rule in content["expansion_rules"].values()):
        raise BadInput("invalid_intents", "a rule is no text")
    return content


class _Language:
    """Intents, lists and rules of a file."""

    def __init__(self, content: Json, settings: HomeAssistant) -> None:
        self._lists, self._rules = content["lists"], content["expansion_rules"]
        self._intents, self._settings = content["intents"], settings

    def examples(self, seed: int) -> Read:
        for intent in self._intents:
            blocks = list(self._blocks(intent))
            tool, broken = self._tool(intent, blocks)
            yield from (Refused(f"{intent}/{place}", "bad_template", why) for place, why in broken.items())
            skill = self._skill(intent)
            templates = [(place, template, block) for place, template, block in blocks if place not in broken]
            templates.sort(key=lambda entry: draw(f"{seed}/{intent}/{entry[1]}"))
            for place, template, block in sorted(templates[: self._settings.max_templates], key=lambda entry: entry[0]):
                drawn: set[str] = set()
                for number in range(self._settings.samples):
                    key = f"{intent}/{place}/{number}"
                    try:
                        system, request, arguments = self._sentence(template, block, Random(f"{seed}/{key}"))
                    except BadTemplate as why:
                        yield Refused(key, "no_value" if "no value" in str(why) else "bad_template", str(why))
                        continue
                    if request in drawn:
                        continue
                    drawn.add(request)
                    yield Example(
                        key=key, group=f"{skill}/{intent}/{place}", kind="intent", request=request, system=system,
                        call=ToolCall(intent, arguments), tool=tool, is_apart=skill != _GENERAL,
                    )  # fmt: skip

    def _skill(self, intent: str) -> str:
        skills = self._settings.skills.items()
        return next((name for name, globs in skills if any(fnmatchcase(intent, one) for one in globs)), _GENERAL)

    def _blocks(self, intent: str) -> Iterator[tuple[str, str, Json]]:
        """(place, template, its block)."""
        value = self._intents[intent]
        data = value.get("data") if isinstance(value, dict) else None
        for number, block in enumerate(data if isinstance(data, list) else []):
            sentences = block.get("sentences") if isinstance(block, dict) else None
            for place, template in enumerate(sentences if isinstance(sentences, list) else []):
                if isinstance(template, str):
                    yield f"{number}.{place}", template, block

    def _tool(self, intent: str, blocks: list[tuple[str, str, Json]]) -> tuple[Json, dict[str, str]]:
        """The intent as a tool with the slots of all its templates, and which templates are none."""
        schemas: dict[str, list[Json]] = {}
        needed: set[str] | None = None
        broken: dict[str, str] = {}
        for place, template, block in blocks:
            try:
                present = list(slots(template, self._rules))
                for slot, _ in present:
                    self._add(schemas, slot.name, self._schema(slot.list))
            except BadTemplate as why:
                broken[place] = str(why)
                continue
            fixed = _object(block.get("slots"))
            for name, value in fixed.items():
                self._add(schemas, name, {"type": "string", "enum": [str(value)]})
            if _takes_area(block):
                self._add(schemas, "area", {"type": "string"})
            always = {slot.name for slot, is_always in present if is_always} | fixed.keys()
            always |= {"area"} if _takes_area(block) else set()
            needed = always if needed is None else needed & always
        words = " ".join(_WORD.findall(intent.removeprefix("Hass"))).lower().capitalize()
        properties = {
            name: one[0] if len(one := schemas[name]) == 1 else {"anyOf": one} for name in sorted(schemas)
        }  # fmt: skip
        return function_tool(intent, words, properties, sorted(needed or ())), broken

    def _add(self, schemas: dict[str, list[Json]], name: str, schema: Json) -> None:
        """Widen what a slot may be to what another template may put there: one schema a type."""
        known = schemas.setdefault(name, [])
        same = next((one for one in known if one["type"] == schema["type"]), None)
        if same is None:
            known.append(dict(schema))
        elif schema["type"] == "integer":
            same |= {"minimum": min(same["minimum"], schema["minimum"])}
            same |= {"maximum": max(same["maximum"], schema["maximum"])}
        elif "enum" in same and "enum" in schema:
            same["enum"] = list(dict.fromkeys([*same["enum"], *schema["enum"]]))
        else:
            same.pop("enum", None)

    def _schema(self, name: str) -> Json:
        """JSON Schema of what a slot of this list may be."""
        entry = _object(self._lists.get(name))
        if "range" in entry:
            numbers, sign = _range(name, entry)
            low, high = sorted((sign * numbers[0], sign * numbers[-1]))
            return {"type": "integer", "minimum": low, "maximum": high}
        outs = [] if name in self._settings.values else [out for _, out in _values(entry)]
        whole = [out for out in outs if isinstance(out, int)]
        if outs and len(whole) == len(outs):
            return {"type": "integer", "minimum": min(whole), "maximum": max(whole)}
        if not outs or None in outs:
            return {"type": "string"}
        return {"type": "string", "enum": list(dict.fromkeys(map(str, outs)))}

    def _sentence(self, template: str, block: Json, random: Random) -> tuple[str, str, Json]:
        """(system message, sentence, arguments)."""
        arguments = {name: str(value) for name, value in _object(block.get("slots")).items()}
        system = ""
        if _takes_area(block):
            arguments["area"] = self._fill(block, {})(Slot("area", "area"), random)
            system = f"The user is in this area: {arguments['area']}."
        request = sentence(template, self._rules, self._fill(block, arguments), random)
        return system, request, {name: arguments[name] for name in sorted(arguments)}

    def _fill(self, block: Json, arguments: Json) -> Callable[[Slot, Random], str]:
        def fill(slot: Slot, random: Random) -> str:
            entry = _object(self._lists.get(slot.list))
            if "range" in entry:
                numbers, sign = _range(slot.list, entry)
                number = random.choice(numbers)
                arguments[slot.name] = sign * number
                return str(number)
            own = self._names(block) if slot.list == "name" else self._settings.values.get(slot.list, [])
            if own:
                arguments[slot.name] = random.choice(own)
                return str(arguments[slot.name])
            if not (values := _values(entry)):
                raise BadTemplate(f"no value of {{{slot.list}}}: name some in `calls.values`")
            words, out = random.choice(values)
            text = sentence(words, self._rules, no_slots, random)
            arguments[slot.name] = text if out is None else out
            return text

        return fill

    def _names(self, block: Json) -> list[str]:
        """Names of devices of the domain that the template is about."""
        domains = _object(block.get("requires_context")).get("domain") or _object(block.get("slots")).get("domain")
        wanted = domains if isinstance(domains, list) else [domains] if domains else _ANYWHERE
        return [name for domain in wanted for name in self._settings.names.get(str(domain), [])]


def _takes_area(block: Json) -> bool:
    """Whether the area is that of the user, a slot that no word stands for."""
    area = _object(block.get("requires_context")).get("area")
    return isinstance(area, dict) and area.get("slot") is True


def _values(entry: Mapping[str, Any]) -> list[tuple[str, str | int | None]]:
    """(template of the words, value; None: the words) of a list."""
    values = entry.get("values")
    pairs = [
        (value.get("in"), value.get("out")) if isinstance(value, dict) else (value, None)
        for value in (values if isinstance(values, list) else [])
    ]
    return [(words, out) for words, out in pairs if isinstance(words, str) and isinstance(out, str | int | None)]


def _range(name: str, entry: Mapping[str, Any]) -> tuple[range, int]:
    """(the numbers that are spoken, what they are multiplied by). Raises BadTemplate."""
    entry = _object(entry["range"])
    low, high, step, sign = entry.get("from"), entry.get("to"), entry.get("step", 1), entry.get("multiplier", 1)
    if not (isinstance(low, int) and isinstance(high, int) and isinstance(step, int) and isinstance(sign, int)):
        raise BadTemplate(f"{{{name}}} is no range of whole numbers")
    if not (low <= high and step > 0):
        raise BadTemplate(f"{{{name}}} is an empty range")
    return range(low, high + 1, step), sign


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}
