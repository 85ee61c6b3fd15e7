"""reStructuredText to Markdown-like text, Sphinx's roles and directives included, with docutils.

Headings, prose, lists, tables, formulas and code stay; links keep their words; images, comments, indexes and
generated listings (autosummary, toctree ...) go. Nothing is included from other files and no code is run.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.blocks import join
from fc_pipeline.sources.readers.rst_text import blocks

if TYPE_CHECKING:
    from docutils import nodes

_CODE_DIRECTIVES = {
    "altair-plot", "bokeh-plot", "code-block", "doctest", "ipython", "jupyter-execute", "literalinclude", "plot",
    "prompt", "sourcecode", "testcode", "testoutput", "try_examples",
}  # fmt: skip
_DROPPED_DIRECTIVES = {
    "autoattribute", "autoclass", "autodata", "autoexception", "autofunction", "automethod", "automodapi",
    "automodsumm", "automodule", "autosummary", "changelog", "contents", "cssclass", "currentmodule",
    "default-role", "describe", "figure", "graphviz", "highlight", "image", "include", "index",
    "inheritance-diagram", "mermaid", "meta", "minigallery", "module", "nbgallery", "raw", "rst-class",
    "tabularcolumns", "testcleanup", "testsetup", "toctree", "video",
}  # fmt: skip
_TITLED_DIRECTIVES = {
    "admonition", "card", "centered", "deprecated", "dropdown", "grid-item-card", "seealso", "tab-item", "todo",
    "versionadded", "versionchanged",
}  # fmt: skip
"""Their argument is words for the reader, not a name or an option."""
_DIRECTIVE = re.compile(r"^[ \t]*(?:\.\. (?:\|[^|]+\| )?)([\w:.-]+)::", re.MULTILINE)
_OWN = {
    "admonition", "attention", "caution", "code", "container", "csv-table", "danger", "epigraph", "error", "hint",
    "important", "list-table", "math", "note", "pull-quote", "rubric", "sidebar", "table", "tip", "topic", "warning",
}  # fmt: skip
"""docutils' own directives that are read as they are; `replace` and the like act only inside substitutions."""
_CODE_ROLES = {"", "attr", "class", "code", "const", "data", "exc", "func", "meth", "mod", "obj", "samp"}
_SUBSTITUTIONS = {"replace", "unicode", "date"}
_TARGETED_ROLE = re.compile(r"^(.*?)\s*<[^<>]*>$", re.DOTALL)


def to_text(source: str) -> str:
    """Raises BadInput when docutils cannot read the source at all."""
    return join(blocks(parse(source)))


def parse(source: str) -> "nodes.document":
    """The doctree; faults of the markup (unknown targets and so on) are not reported."""
    from docutils import utils

    _register(sorted(set(_DIRECTIVE.findall(source))))
    parser = _parser()
    document = utils.new_document("<source>", _settings())
    try:
        parser.parse(source, document)
    except (ValueError, TypeError, IndexError, AssertionError, AttributeError, RecursionError) as error:
        raise BadInput("invalid_rst", f"{type(error).__name__}: {error}") from error
    _substitute(document)
    return document


@lru_cache(maxsize=1)
def _settings() -> Any:
    from docutils import frontend
    from docutils.parsers import rst

    settings = frontend.get_default_settings(rst.Parser)
    settings.report_level = settings.halt_level = 5  # report nothing, never halt
    settings.file_insertion_enabled = settings.raw_enabled = False
    settings.syntax_highlight = "none"
    settings.line_length_limit = 1 << 20
    return settings


def _parser() -> Any:
    """docutils' parser with an inliner that takes any role: the words of the role are kept."""
    from docutils.parsers import rst
    from docutils.parsers.rst import states

    inliner: Any = states.Inliner()
    inliner.interpreted = _interpreted
    return rst.Parser(inliner=inliner)


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
    kind = nodes.literal if role in _CODE_ROLES or role.startswith("py:") else nodes.inline
    return [kind(rawsource, words)], []


def _register(names: list[str]) -> None:
    """Give every directive of a source a meaning: code, dropped, or (any other) its content as text."""
    from docutils.parsers.rst import directives

    for name in names:
        base = name.rsplit(":", 1)[-1].lower()
        if base in _OWN or base in _SUBSTITUTIONS:
            continue
        kind = "code" if base in _CODE_DIRECTIVES else "drop" if base in _DROPPED_DIRECTIVES else "content"
        directives.register_directive(name.lower(), _directive(kind))


@lru_cache(maxsize=3)
def _directive(kind: str) -> Any:
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class AnyOptions(dict[str, Any]):
        """Takes every option, so that no directive fails for one."""

        def __getitem__(self, key: str) -> Any:
            return str

        def __bool__(self) -> bool:
            return True

    class Known(Directive):
        has_content = True
        optional_arguments = 1
        final_argument_whitespace = True
        option_spec = AnyOptions()

        def run(self) -> list[Any]:
            if kind == "drop":
                return []
            if kind == "code":
                text = "\n".join(self.content)
                return [nodes.literal_block(text, text)] if text.strip() else []
            holder = nodes.container()
            if self.arguments and self.name.lower() in _TITLED_DIRECTIVES:
                title, _ = self.state.inline_text(self.arguments[0], self.lineno)
                holder += nodes.paragraph("", "", *title)
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
