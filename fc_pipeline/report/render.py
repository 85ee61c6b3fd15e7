"""Rendering of templates. Values from documents and configs are escaped: they can neither run nor break the layout."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markupsafe import Markup

from fc_pipeline.formatting import amount, count, date, duration, percent, signed, size
from fc_pipeline.report.facts import cite, cite_content

_TEMPLATES = Path(__file__).parent / "templates"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&])")


class Renderer:
    """The report's templates and those of its sections.

    Args:
        folders: folders of the sections' templates.
    """

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._folders = [_TEMPLATES, *dict.fromkeys(folders)]

    def html(self, name: str, context: dict[str, Any]) -> str:
        """A template of HTML; every value is escaped."""
        return self._environment(autoescape=True).get_template(name).render(context)

    def markdown(self, name: str, context: dict[str, Any]) -> str:
        """A template of Markdown; every value is escaped unless a filter made it safe (`fence`, `yaml`)."""
        text = self._environment(autoescape=False, finalize=_markdown).get_template(name).render(context)
        return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"

    def _environment(self, **settings: Any) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._folders),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            **settings,
        )
        formats = {function.__name__: function for function in (amount, percent, size, count, duration, signed)}
        environment.globals |= {f"{name}_of": function for name, function in formats.items()} | {"formats": formats}
        environment.filters |= formats | {
            "date": date,
            "visible": visible,
            "fence": fence,
            "yaml": to_yaml,
            "cite": cite,
            "cite_content": cite_content,
            "svg": Markup,  # only for what this package drew itself
        }
        return environment


def visible(text: str) -> str:
    """Control characters and those that turn the direction of writing, as the symbol U+FFFD."""
    return _CONTROL.sub("\ufffd", text)


def fence(text: str) -> Markup:
    """A Markdown code block around any text: its fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return Markup(f"{marks}text\n{visible(text)}\n{marks}")


def to_yaml(value: Any) -> Markup:
    """YAML of plain values, for the front matter of a model card."""
    return Markup(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).strip())


def _markdown(value: Any) -> Any:
    """Text escaped to one line without markup; numbers and values that a filter made safe are unchanged."""
    if isinstance(value, Markup):
        return str(value)
    return _MARKDOWN.sub(r"\\\1", " ".join(visible(value).split())) if isinstance(value, str) else value
