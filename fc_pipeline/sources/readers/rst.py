"""reStructuredText to Markdown-like text, Sphinx's roles and directives included, with docutils.

Whatever has words for the reader stays: headings, prose, lists, tables, formulas, code, captions, links by their words,
and the source of what docutils cannot read. Images, comments, indexes and generated listings (autosummary, toctree ...)
go. Nothing is included from other files and no code is run.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import import_module
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.blocks import join, script
from fc_pipeline.sources.readers.html_words import html_to_text
from fc_pipeline.sources.readers.rst_text import blocks

if TYPE_CHECKING:
    from docutils import nodes

CODE_DIRECTIVES = {
    "altair-plot", "bokeh-plot", "code", "code-block", "code-cell", "doctest", "ipython", "ipython3", "jupyter-execute",
    "literalinclude", "plot", "prompt", "sourcecode", "testcode", "testoutput", "try_examples",
}  # fmt: skip
DROPPED_DIRECTIVES = {
    "automodapi", "automodsumm", "autosummary", "contents", "currentmodule", "default-role", "graphviz", "highlight",
    "image", "include", "index", "inheritance-diagram", "mermaid", "meta", "minigallery", "nbgallery",
    "sectionauthor", "tabularcolumns", "testcleanup", "testsetup", "toctree", "video",
}  # fmt: skip
"""They have no words, or list what stands elsewhere."""
NAMING_DIRECTIVES = {
    "autoattribute", "autoclass", "autodata", "autoexception", "autofunction", "automethod", "automodule",
    "card-carousel", "container", "cssclass", "div", "doctest-remote-data", "doctest-requires", "figure", "grid",
    "grid-item", "hlist", "ifconfig", "module", "only", "raw", "role", "rst-class", "tab-set", "youtube",
}  # fmt: skip
"""Their argument is a name or a setting, not words for the reader."""
# Before docutils makes spaces of tabs and feeds: a directive that is not seen here would mean what it meant in a source
# before. Any place will do, and one too many does no harm: a cell of a table begins behind a bar, a comma or a quote.
_DIRECTIVE = re.compile(r"\.\.[ \t\v\f]+(?:\|(?:\\.|[^|\\])+\|[ \t\v\f]+)?([\w:.+-]+)[ \t\v\f]?::")
_OWN = {
    "admonition", "attention", "caution", "csv-table", "danger", "epigraph", "error", "hint", "important",
    "list-table", "math", "note", "parsed-literal", "pull-quote", "rubric", "sidebar", "table", "tip", "topic",
    "warning",
}  # fmt: skip
"""docutils' own directives that are read as they are; `replace` and the like act only inside substitutions."""
_LANGUAGE_DIRECTIVES = {"code", "code-block", "sourcecode"}
_CODE_ROLES = {"", "attr", "class", "code", "const", "data", "exc", "func", "meth", "mod", "obj", "samp"}
_SUBSTITUTIONS = {"replace", "unicode", "date"}
SCRIPT_ROLES = {"sup": "^", "superscript": "^", "sub": "_", "subscript": "_"}
_DIRECTIVE_HEAD = re.compile(
    r"\.\. +(?:\|[^|\n]+\| +)?(?:\w+:)*([\w.+-]+) ?::[ ]*([^\n]*)\n?(?:[ \t]+:[\w-]+:[^\n]*(?:\n|\Z))*"
)
_VERBATIM = {*CODE_DIRECTIVES, "math", "parsed-literal"}
_LOST = 3
"""The level of a message (docutils: an error) from which on its source is not in the document as well."""
_RULE = re.compile(r"[ \t]*[-=~^\"'`+*#:.|<>_ \t]{2,}")
_TARGETED_ROLE = re.compile(r"^(.*?)\s*<[^<>]*>$", re.DOTALL)


def to_text(source: str) -> str:
    """Raises BadInput when docutils cannot read the source at all."""
    return join(blocks(parse(source)))


def parse(source: str) -> "nodes.document":
    """The doctree; faults of the markup (unknown targets and so on) are not reported, what they refuse is text."""
    from docutils import utils

    _register(sorted(set(_DIRECTIVE.findall(source))))
    parser = _parser()
    document = utils.new_document("<source>", _settings())
    try:
        parser.parse(source, document)
    except (ValueError, TypeError, IndexError, AssertionError, AttributeError, RecursionError) as error:
        raise BadInput("invalid_rst", f"{type(error).__name__}: {error}") from error
    _substitute(document)
    _recover(document)
    return document


@lru_cache(maxsize=1)
def _settings() -> Any:
    from docutils import frontend
    from docutils.parsers import rst

    settings = frontend.get_default_settings(rst.Parser)
    settings.report_level = settings.halt_level = 5  # report nothing, never halt
    settings.file_insertion_enabled = settings.raw_enabled = False
    settings.syntax_highlight = "none"
    settings.trim_footnote_reference_space = True  # marks of footnotes have no words
    settings.line_length_limit = 1 << 20
    return settings


@lru_cache(maxsize=1)
def _parser() -> Any:
    """docutils' parser with an inliner that takes any role: the words of the role are kept."""
    from docutils.parsers import rst
    from docutils.parsers.rst import states

    inliner: Any = states.Inliner()
    inliner.interpreted = _interpreted
    inliner.init_customizations(_settings())
    inliner.init_customizations = lambda settings: None  # its patterns depend on the settings alone: always the same
    states.RSTStateMachine.add_states = _add_states  # type: ignore[method-assign, assignment]
    return rst.Parser(inliner=inliner)


def _add_states(machine: Any, state_classes: Iterable[Any]) -> None:
    """In the place of docutils' own: it builds 15 states for every list and cell, of which most enter one or two."""
    machine.states = _States(machine, state_classes)


class _States(dict[str, Any]):
    """States of a state machine of docutils by name, each built when it is first entered."""

    def __init__(self, machine: Any, state_classes: Iterable[Any]) -> None:
        self._machine = machine
        self._classes = {state_class.__name__: state_class for state_class in state_classes}

    def __missing__(self, name: str) -> Any:
        state = self[name] = self._classes[name](self._machine, self._machine.debug)
        if getattr(self._machine, "memo", None) is not None:  # else the machine does it when it starts
            state.runtime_init()
        return state


def _interpreted(rawsource: str, text: str, role: str, lineno: int) -> tuple[list[Any], list[Any]]:
    """(nodes, messages) of interpreted text; the signature is docutils'."""
    from docutils import nodes, utils

    if role == "math":
        return [nodes.math(rawsource, utils.unescape(text, True))], []
    words = utils.unescape(text)
    titled = _TARGETED_ROLE.match(words)
    if titled and titled[1]:
        words = titled[1]
    elif role in {"ref", "doc", "numref"}:  # a label, not words; gallery labels name a file
        words = "the example" if words.startswith("sphx_glr_") else re.sub(r"[_\W]+", " ", words).strip()
    # Sphinx: `~a.b.c` shows only the last part, `!a.b` is not a link.
    words = words.rsplit(".", 1)[-1] if words.startswith("~") else words.removeprefix("!")
    if role in SCRIPT_ROLES:
        return [nodes.inline(rawsource, script(words, SCRIPT_ROLES[role]))], []
    kind = nodes.literal if role in _CODE_ROLES or role.startswith("py:") else nodes.inline
    return [kind(rawsource, words)], []


def _register(names: list[str]) -> None:
    """Give every directive of a source a meaning: docutils' own, code, dropped, or (any other) its words as text."""
    from docutils.parsers.rst import directives

    for name in names:
        base = name.rsplit(":", 1)[-1].lower()
        if base not in _SUBSTITUTIONS:
            directives.register_directive(name.lower(), _own(base) if base in _OWN else _known())


class _AnyOptions(dict[str, Any]):
    """The options of a directive, and every other one as text, so that no directive fails for an option."""

    def __missing__(self, key: str) -> Any:
        return str

    def __bool__(self) -> bool:
        return True


@cache
def _own(name: str) -> Any:
    """docutils' directive, taking any option (Sphinx knows more of them); its caption stays."""
    from docutils import nodes
    from docutils.parsers.rst import directives

    module, class_name = directives._directive_registry[name]  # type: ignore[attr-defined]  # its stubs leave it out
    base: Any = getattr(import_module(f"docutils.parsers.rst.directives.{module}"), class_name)

    class Own(base):  # type: ignore[misc]
        option_spec = _AnyOptions(base.option_spec or {})

        def run(self) -> list[Any]:
            caption = self.options.pop("caption", "")
            return [*([nodes.paragraph(caption, caption)] if caption else []), *super().run()]

    return Own


@lru_cache(maxsize=1)
def _known() -> Any:
    """Any other directive, by its name: code, dropped, or its words as text."""
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class Known(Directive):
        has_content = True
        optional_arguments = 1
        final_argument_whitespace = True
        option_spec = _AnyOptions()

        def run(self) -> list[Any]:
            name = self.name.rsplit(":", 1)[-1].lower()
            if name in DROPPED_DIRECTIVES:
                return [nodes.image()]  # it has no words either, and may be what a substitution stands for
            text = "\n".join(self.content)
            if name == "raw":
                words = html_to_text(text) if self.arguments[:1] == ["html"] else ""
                return [nodes.paragraph(words, words)] if words else []
            holder = nodes.container()
            titles = [self.options.get("caption", "")]
            if name in CODE_DIRECTIVES:
                language = self.arguments[0].split() if self.arguments and name in _LANGUAGE_DIRECTIVES else []
                code = [nodes.literal_block(text, text, classes=["code", *language])] if text.strip() else []
            elif name not in NAMING_DIRECTIVES:
                titles = [*self.arguments, *titles]
            for title in filter(None, titles):
                holder += nodes.paragraph("", "", *self.state.inline_text(title, self.lineno)[0])
            if name in CODE_DIRECTIVES:
                return [*holder.children, *code]
            self.state.nested_parse(self.content, self.content_offset, holder, match_titles=True)
            return [holder]

    return Known


def _substitute(document: "nodes.document") -> None:
    """Replace |name| by its definition; one without a definition leaves its name."""
    from docutils import nodes

    for reference in list(document.findall(nodes.substitution_reference)):
        name = reference["refname"]
        definition = document.substitution_defs.get(name) or document.substitution_defs.get(
            document.substitution_names.get(name.lower(), name)
        )
        words = definition.astext() if definition is not None else reference.astext()
        reference.replace_self(nodes.Text(words))


def _recover(document: "nodes.document") -> None:
    """Put the words of a source that docutils could not read in the place of its complaint.

    What a directive holds is read again, without the directive; anything else stays by lines, without its borders.
    """
    from docutils import nodes

    for message in list(document.findall(nodes.system_message)):
        sources = list(message.findall(nodes.literal_block)) if message["level"] >= _LOST else []
        refused = sources[-1].astext() if sources else ""
        head = _DIRECTIVE_HEAD.match(refused)
        if head:
            content = dedent(refused[head.end() :]).strip("\n")
            if head[1] in _VERBATIM:
                kind = nodes.math_block if head[1] == "math" else nodes.literal_block
                message.replace_self([kind(content, content)] if content else [])
            else:
                message.replace_self(parse(f"{head[2]}\n\n{content}").children)
        else:
            lines = [line.strip() for line in refused.split("\n") if not _RULE.fullmatch(line)]
            message.replace_self([nodes.paragraph("", "", nodes.Text("\n".join(lines)))] if lines else [])
