"""Normal form of Python source, for hashing: without paths of modules and without aliases.

The normal form is our own dump of the syntax tree, not `ast.dump` or `ast.unparse`: those differ between
Python 3.11, 3.12 and 3.13, and an upgrade of Python must not rebuild every artifact.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

Symbol = tuple[str, str]
"""(module, name at its top level)."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
_WITHOUT_MEANING = {"ctx", "kind", "type_comment", "type_ignores"}
_SHOWN_ONLY = {"description", "title", "examples"}
"""Arguments of pydantic's Field that do not affect values."""


@cache
def _fields(kind: type[ast.AST]) -> list[str]:
    return [name for name in sorted(kind._fields) if name not in _WITHOUT_MEANING]


def children(node: ast.AST) -> Iterator[ast.AST]:
    """Like `ast.iter_child_nodes`, but faster and without nodes that have no meaning."""
    for name in _fields(type(node)):  # type: ignore[arg-type]
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, ast.AST):
                    yield part


def normalise(node: ast.stmt) -> ast.stmt:
    """Remove, in place, nodes without meaning: docstrings, `pass`, annotations without effect."""
    _Normal().visit(node)
    return node


class _Normal(ast.NodeVisitor):
    """Annotations stay in classes (fields of dataclasses and models) and under decorators (which may read them)."""

    def __init__(self) -> None:
        self._in_class = False

    def generic_visit(self, node: ast.AST) -> None:
        for name in _fields(type(node)):  # type: ignore[arg-type]
            value = getattr(node, name, None)
            if isinstance(value, list):
                value[:] = [part for part in value if not _is_idle(part)]
        for child in children(node):
            self.visit(child)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._inside(node, in_class=True)

    def visit_FunctionDef(self, node: Function) -> None:
        if not node.decorator_list:
            node.returns = None
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
        self._inside(node, in_class=False)

    visit_AsyncFunctionDef = visit_FunctionDef

    def _inside(self, node: ast.AST, *, in_class: bool) -> None:
        before, self._in_class = self._in_class, in_class
        try:
            self.generic_visit(node)
        finally:
            self._in_class = before

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if not self._in_class:
            node.annotation = ast.Constant(value=None)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in _SHOWN_ONLY]
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.generic_visit(node)
        joined: list[ast.expr] = []
        for value in node.values:  # how an f-string's text is cut into constants differs between versions
            last = joined[-1] if joined else None
            if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
                joined[-1] = ast.Constant(value=str(last.value) + str(value.value))
            else:
                joined.append(value)
        node.values = joined


def _is_idle(node: object) -> bool:
    if isinstance(node, ast.Pass):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@dataclass(frozen=True)
class Link:
    """Replacement of a reference in the normal form: `text`, and the definitions that it refers to.

    The text has no module path. An empty text drops the reference.
    """

    text: str
    symbols: tuple[Symbol, ...] = ()

    def attributes(self, chain: tuple[str, ...]) -> "Link":
        """`link.a.b` for ("a", "b")."""
        text = self.text
        for name in chain:
            text = f"Attribute(attr={name!a}, value={text})"
        return Link(text, self.symbols)

    @staticmethod
    def either(links: Iterable["Link"]) -> "Link":
        """A link to all of several alternatives, in an order that does not depend on module names."""
        unique = sorted(set(links), key=lambda link: (link.text, link.symbols))
        if len(unique) == 1:
            return unique[0]
        text = ", ".join(link.text for link in unique)
        return Link(f"Either({text})", tuple(sorted({symbol for link in unique for symbol in link.symbols})))


@dataclass(frozen=True)
class Form:
    """Normal form of a definition."""

    digest: str
    """64 hex digits over its text, in which a reference is the bare name of its definition."""
    links: tuple[tuple[Symbol, ...], ...]
    """The definitions of each reference, in the order of the text."""


def normal_form(nodes: list[ast.stmt], links: Mapping[ast.AST, Link]) -> Form:
    """The form of normalised statements, with links in place of their nodes."""
    writer = _Writer(links)
    text = writer.text(nodes)
    return Form(hashlib.sha256(text.encode()).hexdigest(), tuple(writer.links))


class _Writer:
    """The tree as text that is equal on every version of Python: empty fields are left out."""

    def __init__(self, links: Mapping[ast.AST, Link]) -> None:
        self.links: list[tuple[Symbol, ...]] = []
        self._of = links

    def text(self, node: object) -> str:
        if isinstance(node, ast.AST):
            link = self._of.get(node)
            if link is not None:
                if link.symbols:
                    self.links.append(link.symbols)
                return link.text
            if isinstance(node, ast.Constant):
                return f"Constant({node.value!a})"
            fields = _fields(type(node))  # type: ignore[arg-type]
            shown = [f"{name}={text}" for name in fields if (text := self._field(node, name))]
            return f"{type(node).__name__}({', '.join(shown)})"
        if isinstance(node, list):
            texts = [text for part in node if (text := self.text(part))]
            return f"[{', '.join(texts)}]" if texts else ""
        return ascii(node)

    def _field(self, node: ast.AST, name: str) -> str:
        value = getattr(node, name, None)
        return "" if value is None else self.text(value)
