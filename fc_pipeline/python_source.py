"""Python source by its meaning: a normal form to hash, and the names that a piece of it refers to.

The normal form is our own dump of the syntax tree, not `ast.dump` or `ast.unparse`: those differ between
Python 3.11, 3.12 and 3.13, and an upgrade of Python must not rebuild every artifact.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, *_COMPREHENSIONS)
_WITHOUT_MEANING = {"ctx", "kind", "type_comment", "type_ignores"}
_SHOWN_ONLY = {"description", "title", "examples"}
"""Arguments of pydantic's Field that change no value."""


def parse(source: bytes, filename: str) -> ast.Module:
    """The tree in normal form: no docstrings, no `pass`, no annotations where they have no effect.

    Raises SyntaxError.
    """
    return _Normal().visit(ast.parse(source, filename=filename))


class _Normal(ast.NodeTransformer):
    """Annotations stay in classes (fields of dataclasses and models) and under decorators (which may read them)."""

    def __init__(self) -> None:
        self._in_class = False

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                setattr(node, name, [part for part in body if not _is_idle(part)])
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._inside(node, in_class=True)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: Function) -> ast.AST:
        if not node.decorator_list:
            node.returns = None
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
        return self._inside(node, in_class=False)

    def _inside(self, node: ast.AST, *, in_class: bool) -> ast.AST:
        before, self._in_class = self._in_class, in_class
        try:
            return self.generic_visit(node)
        finally:
            self._in_class = before

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if not self._in_class:
            node.annotation = ast.Constant(value=None)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in _SHOWN_ONLY]
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        joined: list[ast.expr] = []
        for value in node.values:  # how an f-string's text is cut into constants differs between versions
            last = joined[-1] if joined else None
            if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
                joined[-1] = ast.Constant(value=str(last.value) + str(value.value))
            else:
                joined.append(value)
        node.values = joined
        return node


def _is_idle(node: ast.AST) -> bool:
    if isinstance(node, ast.Pass):
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def dump(node: object) -> str:
    """The tree as text that is the same on every version of Python: empty fields are left out."""
    if isinstance(node, ast.Constant):
        return f"Constant({node.value!a})"
    if isinstance(node, ast.AST):
        fields = {name: getattr(node, name, None) for name in sorted(node._fields) if name not in _WITHOUT_MEANING}
        shown = [f"{name}={dump(value)}" for name, value in fields.items() if value is not None and value != []]
        return f"{type(node).__name__}({', '.join(shown)})"
    if isinstance(node, list):
        return f"[{', '.join(dump(part) for part in node)}]"
    return ascii(node)


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


def unfollowable(tree: ast.Module, packages: tuple[str, ...]) -> str | None:
    """Where and why the first import that hides what it brings stands, and the mend; None when there is none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            return f"{node.lineno}: {ast.unparse(node)!r}: write the full name, relative imports cannot be followed"
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in packages:
            if any(alias.name == "*" for alias in node.names):
                return f"{node.lineno}: {ast.unparse(node)!r}: name what is imported, * cannot be followed"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname is None and "." in alias.name and alias.name.split(".")[0] in packages:
                    parent, _, child = alias.name.rpartition(".")
                    return f"{node.lineno}: 'import {alias.name}': write 'from {parent} import {child}'"
    return None


@dataclass
class References:
    """Dotted chains, such as ("filters", "too_short") for `filters.too_short(...)`."""

    own: set[tuple[str, ...]] = field(default_factory=set)
    """Chains that begin at a name of the module."""
    imported: set[tuple[Import, tuple[str, ...]]] = field(default_factory=set)
    """Chains that begin at something imported inside the piece itself."""
    texts: set[str] = field(default_factory=set)
    """String constants: an import path in one is a reference too."""


def references(nodes: list[ast.stmt]) -> References:
    """What these definitions of one module refer to, with Python's rules of scope."""
    reader = _Reader()
    for node in nodes:
        reader.visit(node)
    return reader.found


def bound_names(node: ast.AST) -> tuple[set[str], dict[str, Import]]:
    """Names that a statement binds in its own scope: by definition or assignment, and by imports."""
    names: set[str] = set()
    imports: dict[str, Import] = {}
    for inner in _same_scope(node):
        if isinstance(inner, ast.Import | ast.ImportFrom):
            imports |= Import.of(inner)
        elif isinstance(inner, ast.Name):
            names |= set() if isinstance(inner.ctx, ast.Load) else {inner.id}
        elif isinstance(inner, Function | ast.ClassDef):
            names.add(inner.name)
        else:  # except ... as name, case [*name], case {**rest}
            text = getattr(inner, "rest" if isinstance(inner, ast.MatchMapping) else "name", None)
            names |= {text} if isinstance(text, str) and not isinstance(inner, ast.alias) else set()
    return names, imports


def _same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is in it, without the insides of functions, classes and comprehensions."""
    yield node
    if isinstance(node, _SCOPES):
        if isinstance(node, _COMPREHENSIONS):  # := in a comprehension binds outside of it
            yield from (inner.target for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
        return
    for child in ast.iter_child_nodes(node):
        yield from _same_scope(child)


@dataclass
class _Scope:
    names: set[str]
    imports: dict[str, Import]
    is_class: bool = False


class _Reader(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found = References()
        self._scopes: list[_Scope] = []

    def _refer(self, chain: tuple[str, ...]) -> None:
        for depth, scope in enumerate(reversed(self._scopes)):
            if scope.is_class and depth > 0:  # a class's names are not seen by its methods
                continue
            if chain[0] in scope.imports:
                self.found.imported.add((scope.imports[chain[0]], chain[1:]))
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
        names: set[str] = set()
        for argument in (inner for inner in ast.walk(arguments) if isinstance(inner, ast.arg)):
            names.add(argument.arg)
            if argument.annotation is not None:
                self.visit(argument.annotation)
        body: list[ast.AST] = list(node.body) if isinstance(node.body, list) else [node.body]
        imports: dict[str, Import] = {}
        elsewhere: set[str] = set()
        for statement in body:
            bound, imported = bound_names(statement)
            names |= bound
            imports |= imported
            for inner in _same_scope(statement):
                if isinstance(inner, ast.Global | ast.Nonlocal):
                    elsewhere.update(inner.names)
        self._inside(_Scope(names - elsewhere, imports), body)

    def _inside(self, scope: _Scope, body: list[ast.AST]) -> None:
        self._scopes.append(scope)
        for node in body:
            self.visit(node)
        self._scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.bases, *node.decorator_list, *(keyword.value for keyword in node.keywords)):
            self.visit(part)
        imports: dict[str, Import] = {}
        for statement in node.body:
            imports |= bound_names(statement)[1]
        # In a class `limit = limit` reads the module's name, so only what the class imports hides one.
        self._inside(_Scope(set(), imports, is_class=True), list(node.body))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        names: set[str] = set()
        for generator in node.generators:
            names |= bound_names(generator.target)[0]
        self._inside(_Scope(names, {}), list(ast.iter_child_nodes(node)))

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node)
