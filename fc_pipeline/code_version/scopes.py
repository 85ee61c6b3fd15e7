"""The names that a piece of Python source refers to, by Python's rules of scope, and those that it binds."""

import ast
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from fc_pipeline.code_version.normal_form import Function, children

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Import:
    """Target of an import: `name` of `module`, or the module itself where name is None."""

    module: str
    name: str | None

    @staticmethod
    def of(node: ast.Import | ast.ImportFrom) -> "dict[str, Import]":
        """{local name: target}. Dotted imports without `as` and `*` are refused earlier."""
        if isinstance(node, ast.Import):
            return {alias.asname or alias.name: Import(alias.name, None) for alias in node.names}
        return {alias.asname or alias.name: Import(node.module or "", alias.name) for alias in node.names}


def unfollowable(node: ast.Import | ast.ImportFrom, packages: tuple[str, ...]) -> str | None:
    """Line, remedy and reason of an import that hides the origin of a name; None for any other import."""
    text = f"{node.lineno}: {ast.unparse(node)!r}"
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return f"{text}: write the full name, relative imports cannot be followed"
        if (node.module or "").split(".")[0] in packages and any(alias.name == "*" for alias in node.names):
            return f"{text}: name what is imported, * cannot be followed"
        return None
    for alias in node.names:
        if alias.asname is None and "." in alias.name and alias.name.split(".")[0] in packages:
            parent, _, child = alias.name.rpartition(".")
            return f"{text}: write 'from {parent} import {child}'"
    return None


@dataclass(frozen=True)
class Reference:
    """A dotted chain such as ("filters", "too_short") for `filters.too_short(...)`, with its first name's targets."""

    chain: tuple[str, ...]
    imports: frozenset[Import] | None = None
    """Targets that the piece of source itself imports under that name; None for a name of the module."""
    local: bool = False
    """True for a name that the piece of source also binds otherwise."""


@dataclass
class References:
    """References of a piece of source, by node. Its own variables are left out."""

    names: dict[ast.expr, Reference] = field(default_factory=dict)
    imports: dict[ast.Import | ast.ImportFrom, frozenset[str]] = field(default_factory=dict)
    """Every import statement, with its local names that other statements bind too, so that the place matters."""
    texts: list[ast.Constant] = field(default_factory=list)
    """String constants: an import path in one is a reference too."""


def references(nodes: list[ast.stmt], ambiguous: Collection[str] = ()) -> References:
    """The references of these definitions of one module, by Python's rules of scope.

    Args:
        ambiguous: names that the module binds more than once.
    """
    reader = _Reader(ambiguous)
    for node in nodes:
        reader.visit(node)
    return reader.references


@dataclass
class Bound:
    """Names that a statement binds in its own scope."""

    names: set[str] = field(default_factory=set)
    imports: dict[str, set[Import]] = field(default_factory=dict)
    """Import targets by name; a name that two branches import differently has both."""
    elsewhere: set[str] = field(default_factory=set)
    """Names declared `global` or `nonlocal`, so not of this scope."""


def bound_names(nodes: Iterable[ast.AST]) -> Bound:
    """Names that the statements bind, without the bodies of functions, classes and comprehensions."""
    bound = Bound()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                bound.names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name, target in Import.of(node).items():
                bound.imports.setdefault(name, set()).add(target)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            bound.elsewhere.update(node.names)
        elif isinstance(node, _COMPREHENSIONS):  # := in a comprehension binds outside of it
            bound.names |= {walrus.target.id for walrus in ast.walk(node) if isinstance(walrus, ast.NamedExpr)}
        elif not isinstance(node, ast.Lambda | ast.Constant):
            if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
                bound.names.add(node.name)
            elif isinstance(node, ast.MatchMapping) and node.rest:
                bound.names.add(node.rest)
            waiting.extend(children(node))
    return bound


@dataclass
class _Scope:
    names: set[str]
    imports: dict[str, set[Import]]
    is_class: bool = False

    def is_ambiguous(self, name: str) -> bool:
        return name in self.names or len(self.imports[name]) > 1


class _Reader(ast.NodeVisitor):
    def __init__(self, ambiguous: Collection[str]) -> None:
        self.references = References()
        self._ambiguous = ambiguous
        self._scopes: list[_Scope] = []

    def _refer(self, node: ast.expr, chain: tuple[str, ...]) -> None:
        for depth, scope in enumerate(reversed(self._scopes)):
            if scope.is_class and depth > 0:  # a class's names are not seen by its methods
                continue
            local, targets = chain[0] in scope.names, scope.imports.get(chain[0])
            if targets:
                self.references.names[node] = Reference(chain, frozenset(targets), local)
            if targets or local:
                return
        self.references.names[node] = Reference(chain)

    def generic_visit(self, node: ast.AST) -> None:
        for child in children(node):
            self.visit(child)

    def visit_Name(self, node: ast.Name) -> None:
        binds_here = not self._scopes or self._scopes[-1].is_class
        if not (binds_here and isinstance(node.ctx, ast.Store)):
            self._refer(node, (node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain = [node.attr]
        inner = node.value
        while isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            self._refer(node, (inner.id, *reversed(chain)))
        else:
            self.visit(inner)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.references.texts.append(node)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        scope = self._scopes[-1] if self._scopes else None
        self.references.imports[node] = frozenset(
            name
            for name in Import.of(node)
            if (name in self._ambiguous if scope is None else scope.is_class or scope.is_ambiguous(name))
        )

    visit_ImportFrom = visit_Import

    def visit_FunctionDef(self, node: Function | ast.Lambda) -> None:
        arguments = node.args
        for part in (*arguments.defaults, *arguments.kw_defaults, *getattr(node, "decorator_list", [])):
            if part is not None:
                self.visit(part)
        if getattr(node, "returns", None) is not None:
            self.visit(node.returns)  # type: ignore[union-attr,arg-type]
        body: list[ast.AST] = list(node.body) if isinstance(node.body, list) else [node.body]
        bound = bound_names(body)
        names = bound.names - bound.elsewhere | bound.imports.keys() & bound.elsewhere
        for argument in (inner for inner in ast.walk(arguments) if isinstance(inner, ast.arg)):
            names.add(argument.arg)
            if argument.annotation is not None:
                self.visit(argument.annotation)
        self._inside(_Scope(names, bound.imports), body)

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef

    def _inside(self, scope: _Scope, body: list[ast.AST]) -> None:
        self._scopes.append(scope)
        for node in body:
            self.visit(node)
        self._scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.bases, *node.decorator_list, *(keyword.value for keyword in node.keywords)):
            self.visit(part)
        # In a class `limit = limit` reads the module's name, so only what the class imports hides one.
        self._inside(_Scope(set(), bound_names(node.body).imports, is_class=True), list(node.body))

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        names = bound_names(generator.target for generator in node.generators).names
        self._inside(_Scope(names, {}), list(children(node)))

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp
