"""The names that a piece of Python source refers to, by Python's rules of scope, and those that it binds."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Import:
    """What an import binds: `name` of `module`, or the module itself where name is None."""

    module: str
    name: str | None

    @staticmethod
    def of(node: ast.Import | ast.ImportFrom) -> "dict[str, Import]":
        """{local name: what it stands for}. Dotted imports without `as` and `*` are refused before they come here."""
        if isinstance(node, ast.Import):
            return {alias.asname or alias.name: Import(alias.name, None) for alias in node.names}
        return {alias.asname or alias.name: Import(node.module or "", alias.name) for alias in node.names}


def unfollowable(node: ast.Import | ast.ImportFrom, packages: tuple[str, ...]) -> str | None:
    """The line, the mend and why, of an import that hides where a name comes from; None when it hides nothing."""
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


@dataclass
class References:
    """Dotted chains, such as ("filters", "too_short") for `filters.too_short(...)`."""

    own: set[tuple[str, ...]] = field(default_factory=set)
    """Chains that begin at a name of the module."""
    imported: set[tuple[Import, tuple[str, ...]]] = field(default_factory=set)
    """Chains that begin at something imported inside the piece itself."""
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    """Every import statement of the piece."""
    texts: set[str] = field(default_factory=set)
    """String constants: an import path in one is a reference too."""


def references(nodes: list[ast.stmt]) -> References:
    """What these definitions of one module refer to, with Python's rules of scope."""
    reader = _Reader()
    for node in nodes:
        reader.visit(node)
    return reader.found


@dataclass
class Bound:
    """Names that a statement binds in its own scope."""

    names: set[str] = field(default_factory=set)
    imports: dict[str, set[Import]] = field(default_factory=dict)
    """A name that two branches import from two places stands for both."""
    elsewhere: set[str] = field(default_factory=set)
    """Declared `global` or `nonlocal`: not of this scope after all."""


def bound_names(nodes: Iterable[ast.AST]) -> Bound:
    """What the statements bind, without the insides of functions, classes and comprehensions."""
    found = Bound()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                found.names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name, target in Import.of(node).items():
                found.imports.setdefault(name, set()).add(target)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            found.elsewhere.update(node.names)
        elif isinstance(node, _COMPREHENSIONS):  # := in a comprehension binds outside of it
            found.names |= {walrus.target.id for walrus in ast.walk(node) if isinstance(walrus, ast.NamedExpr)}
        elif not isinstance(node, ast.Lambda | ast.Constant | ast.expr_context):
            if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
                found.names.add(node.name)
            elif isinstance(node, ast.MatchMapping) and node.rest:
                found.names.add(node.rest)
            waiting.extend(ast.iter_child_nodes(node))
    return found


@dataclass
class _Scope:
    names: set[str]
    imports: dict[str, set[Import]]
    is_class: bool = False


class _Reader(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found = References()
        self._scopes: list[_Scope] = []

    def _refer(self, chain: tuple[str, ...]) -> None:
        for depth, scope in enumerate(reversed(self._scopes)):
            if scope.is_class and depth > 0:  # a class's names are not seen by its methods
                continue
            self.found.imported |= {(target, chain[1:]) for target in scope.imports.get(chain[0], ())}
            if chain[0] in scope.imports or chain[0] in scope.names:
                return
        self.found.own.add(chain)

    def visit_Name(self, node: ast.Name) -> None:
        in_class = bool(self._scopes) and self._scopes[-1].is_class
        if not (in_class and isinstance(node.ctx, ast.Store)):
            self._refer((node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain = [node.attr]
        inner = node.value
        while isinstance(inner, ast.Attribute):
            chain.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            self._refer((inner.id, *reversed(chain)))
        else:
            self.visit(inner)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.found.texts.add(node.value)

    def visit_Import(self, node: ast.Import) -> None:
        self.found.imports.append(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.found.imports.append(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node)

    def _function(self, node: Function | ast.Lambda) -> None:
        arguments = node.args
        for part in (*arguments.defaults, *arguments.kw_defaults, *getattr(node, "decorator_list", [])):
            if part is not None:
                self.visit(part)
        if getattr(node, "returns", None) is not None:
            self.visit(node.returns)  # type: ignore[union-attr,arg-type]
        body: list[ast.AST] = list(node.body) if isinstance(node.body, list) else [node.body]
        bound = bound_names(body)
        names = bound.names - bound.elsewhere
        for argument in (inner for inner in ast.walk(arguments) if isinstance(inner, ast.arg)):
            names.add(argument.arg)
            if argument.annotation is not None:
                self.visit(argument.annotation)
        self._inside(_Scope(names, bound.imports), body)

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

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        names = bound_names(generator.target for generator in node.generators).names
        self._inside(_Scope(names, {}), list(ast.iter_child_nodes(node)))

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node)
