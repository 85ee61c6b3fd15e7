"""Intents of skills of OpenVoiceOS: `<skill>/locale/<language>/**/<intent>.intent`, a template a line.

Values of a slot are those of the skill's `<slot>.entity`, else those of the other skills that are read with it, else
those that the source says.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath
from random import Random

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
from fc_pipeline.instructions.calls.schema import CallFile, OvosSkill
from fc_pipeline.instructions.calls.sentences import BadTemplate, Slot, sentence, slots
from fc_pipeline.sources.readers.strict_json import parse_json

_PREFIXES = ("ovos_skill_", "skill_ovos_")
_MAX_DESCRIPTION = 120
_NOT_WORD = re.compile(r"[^0-9A-Za-z]+")


def read(files: Iterator[File[CallFile]], settings: OvosSkill, seed: int) -> Read:
    """Groups are `skill/intent/template`."""
    package = _Package()
    for file in files:
        try:
            package.add(file.path, text_of(file))
        except BadInput as bad:
            yield Unread(file.path, bad)
    for skill, intent in package.intents:
        yield from _examples(package, skill, intent, settings, seed)


class _Package:
    """What the files of all skills hold."""

    def __init__(self) -> None:
        self.intents: dict[tuple[str, str], list[str]] = {}
        self.descriptions: dict[str, str] = {}
        self._values: dict[str, dict[str, list[str]]] = defaultdict(dict)

    def add(self, path: str, text: str) -> None:
        """Raises BadInput for a skill.json that is none."""
        file = PurePosixPath(path)
        skill = file.parts[0]
        for prefix in _PREFIXES:
            skill = skill.removeprefix(prefix)
        lines = [line for line in (line.strip() for line in text.splitlines()) if line and not line.startswith("#")]
        if file.suffix == ".intent":
            self.intents.setdefault((skill, _words(file.stem)), []).extend(dict.fromkeys(lines))
        elif file.suffix == ".entity":
            self._values[file.stem.lower()].setdefault(skill, []).extend(lines)
        elif file.name == "skill.json":
            content = parse_json(text)
            description = content.get("description") if isinstance(content, dict) else None
            self.descriptions[skill] = description if isinstance(description, str) else ""

    def values(self, skill: str, slot: str) -> list[str]:
        by_skill = self._values.get(slot.lower(), {})
        return by_skill.get(skill) or [value for values in by_skill.values() for value in values]


def _examples(package: _Package, skill: str, intent: str, settings: OvosSkill, seed: int) -> Read:
    name = f"{skill}_{_NOT_WORD.sub('_', intent)}"[:64]
    templates = {
        f"{skill}/{intent.replace(' ', '_')}/{number}": line
        for number, line in enumerate(package.intents[skill, intent])
    }
    chosen = set(sorted(templates, key=lambda key: draw(f"{seed}/{key}"))[: settings.max_templates])
    properties: dict[str, Json] = {}
    needed: set[str] | None = None
    for line in templates.values():
        try:
            present = [(slot.name, always) for slot, always in slots(line, {})]
        except BadTemplate:
            continue
        properties |= {slot: {"type": "string"} for slot, _ in present}
        always = {slot for slot, is_always in present if is_always}
        needed = always if needed is None else needed & always
    about = shortened(package.descriptions.get(skill, ""), _MAX_DESCRIPTION)
    description = f"{intent.capitalize()}. {about}".strip()
    tool = function_tool(
        name, description, {slot: properties[slot] for slot in sorted(properties)}, sorted(needed or ())
    )
    for template in (key for key in templates if key in chosen):
        drawn: set[str] = set()
        for number in range(settings.samples):
            key = f"{template}/{number}"
            arguments: Json = {}

            def fill(slot: Slot, random: Random, arguments: Json = arguments) -> str:
                values = package.values(skill, slot.list) or settings.values.get(slot.list)
                if not values:
                    raise BadTemplate(f"no value of {{{slot.list}}}: name some in `calls.values`")
                arguments[slot.name] = random.choice(values)
                return str(arguments[slot.name])

            try:
                request = sentence(templates[template], {}, fill, Random(f"{seed}/{key}"))
            except BadTemplate as why:
                yield Refused(key, "no_value" if "no value" in str(why) else "bad_template", str(why))
                continue
            if request in drawn:
                continue
            drawn.add(request)
            call = ToolCall(name, {slot: arguments[slot] for slot in sorted(arguments)})
            yield Example(key=key, group=template, kind="intent", request=request, call=call, tool=tool)


def _words(stem: str) -> str:
    return " ".join(_NOT_WORD.split(stem)).strip().lower()
