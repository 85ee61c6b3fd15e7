"""What somebody asks who has read the title or the description of a call: a request that states every value."""

import re
from collections.abc import Iterator
from random import Random
from typing import Any

from fc_model.strict_json import to_json
from fc_pipeline.instructions.calls.example import Json
from fc_pipeline.instructions.validate import Invalid

_MAX_CHARS = 600
_LEAST_CHARS = 3
"""Of a value that counts as stated where a text has it."""
_MARKUP = re.compile(r"``([^`]*)``|`([^`<]*?)\s*<[^>]*>`__?|\*\*?([^*]+)\*\*?|<[^<>]*>|`([^`]*)`")
_NUMBERED = re.compile(r"^(?:Example\s*\d*|\d+)\s*[:.)-]\s*", re.IGNORECASE)
_TO = re.compile(r"^(?:How )?to\s+(?P<what>.+)", re.IGNORECASE)
_SUBJECT = re.compile(
    r"^(?:in )?(?:the|this|following|the following|these)(?: following)?(?: [\w.-]+)?(?: [\w.-]+)? "
    r"(?:examples?|commands?|code|operation|request|method|call)(?: command| example)?\s+",
    re.IGNORECASE,
)
_USES = re.compile(r"^uses? the [\w. -]+? (?:command|operation|api|method|parameter|option)s? to\s+", re.IGNORECASE)
_THIRD_PERSON = re.compile(r"^[a-z]+(?:[^s\W]s|sses|ies|shes|ches|xes|zes|oes)\b", re.IGNORECASE)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def request_of(title: str, about: str, *, where: str, random: Random) -> str:
    """A request in words that people use, of the title (`To do this`) or the description (`This example does this`).

    `where` names the service where neither does. Raises Invalid where neither says what is done.
    """
    choices = [ask for ask in (_of_title(title), _of_description(about)) if ask and len(ask) <= _MAX_CHARS]
    if not choices:
        raise Invalid("no_description", f"{title}\n{about}")
    ask = random.choice(choices)
    if where.casefold() not in ask.casefold():
        ask = f"{ask.rstrip('.')} ({where})."
    return ask


def stated(request: str, arguments: Json) -> str:
    """The request, and behind it the arguments of which it does not hold every value; null and [] are not held."""
    lines = [
        f"{' '.join(_WORDS.findall(name)).lower() or name}: {value if isinstance(value, str) else to_json(value)}"
        for name, value in arguments.items()
        if not all(_is_in(leaf, request) for leaf in _leaves(value))
    ]
    return "\n".join([request, *lines])


def _of_title(title: str) -> str:
    match = _TO.match(_NUMBERED.sub("", _plain(title)))
    return f"{_capital(match['what'].rstrip(':. '))}." if match else ""


def _of_description(about: str) -> str:
    """`This example creates a role.` as `I need a call that creates a role.`"""
    sentence = re.split(r"(?<=[a-z0-9)\"'])\.\s", _plain(about), maxsplit=1)[0].rstrip(".: ")
    what, subjects = _SUBJECT.subn("", sentence, count=1)
    what, uses = _USES.subn("", what, count=1)
    if uses:
        return f"{_capital(what)}."
    if _THIRD_PERSON.match(what) and (subjects or what[:1].isupper()):
        return f"I need a call that {what[:1].lower()}{what[1:]}."
    return ""


def _plain(text: str) -> str:
    """A text without the marks of reStructuredText and HTML."""
    return " ".join(_MARKUP.sub(lambda match: next(filter(None, match.groups()), " "), text[:4_000]).split())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _leaves(value: Any) -> Iterator[Any]:
    """Every value that is no list or object, and the keys of objects within."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list):
        if not value:
            yield value
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _is_in(value: Any, text: str) -> bool:
    """Whether a text holds a value as a whole word; one that is short may stand there by chance."""
    if value is None or isinstance(value, bool | list) or len(str(value)) < _LEAST_CHARS:
        return False
    return re.search(rf"(?<![\w./:-]){re.escape(str(value))}(?![\w/:-])", text) is not None
