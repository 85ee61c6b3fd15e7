"""The version of code by its meaning: what a function reaches, without comments, docstrings and layout.

A step's function is named by an import path. From its source (nothing is imported) the reader follows every name
to the functions, classes and constants of this project that it reaches, and hashes each one's normalised source.
So an edited helper changes the version of exactly the steps that reach it, and a comment changes none. What lies
outside the project (libraries) is recorded in the manifest's run, not hashed here.

Limits, on purpose: a method is reached through its class (all of it), an import of a whole module only through
the attributes that are used; code that is looked up by a computed name is not seen, so name it in a table.
"""

import ast
import hashlib
from functools import lru_cache
from pathlib import Path

from fc_model.errors import UserError

PACKAGES = ("fc_model", "fc_pipeline")
_ROOT = Path(__file__).resolve().parent.parent

Symbol = tuple[str, str]
"""(module, name at its top level)."""


class _Module:
    """The top-level names of a source file: definitions, and imports of this project's names."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, tuple[str, str | None]] = {}
        for node in _parse(path).body:
            self._add(node)

    def _add(self, node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.definitions.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self.imports.update(_imports(node, self.name))
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (leaf.id for target in targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)):
                self.definitions.setdefault(name, []).append(node)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.stmt):
                    self._add(child)


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text("utf-8"), filename=str(path))
    except SyntaxError as error:
        raise UserError(f"{path}:{error.lineno}: {error.msg}; mend it before planning") from error


def _module_path(module: str) -> Path | None:
    base = _ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(node: ast.Import | ast.ImportFrom, module: str) -> dict[str, tuple[str, str | None]]:
    """{local name: (module, name in it or None for the module itself)} for this project's modules."""
    found: dict[str, tuple[str, str | None]] = {}
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] in PACKAGES:
                if alias.asname is None and "." in alias.name:
                    raise UserError(
                        f"{module}: write 'from {alias.name.rpartition('.')[0]} import ...': dotted imports cannot be followed"
                    )
                found[alias.asname or alias.name] = (alias.name, None)
        return found
    if node.level:
        raise UserError(f"{module}: relative imports cannot be followed; write the full name")
    source = node.module or ""
    if source.split(".")[0] in PACKAGES:
        for alias in node.names:
            child = f"{source}.{alias.name}"
            found[alias.asname or alias.name] = (child, None) if _module_path(child) else (source, alias.name)
    return found


@lru_cache(maxsize=None)
def _module(name: str, mtime_ns: int) -> _Module:
    path = _module_path(name)
    assert path is not None
    return _Module(name, path)


def _load(name: str) -> _Module | None:
    path = _module_path(name)
    return _module(name, path.stat().st_mtime_ns) if path else None


class _WithoutDocstrings(ast.NodeTransformer):
    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bare = [part for part in node.body if not _is_text(part)]
            node.body = bare or [ast.Pass()]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "description"]
        return node


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _meaning(nodes: list[ast.stmt]) -> str:
    """The source without comments, docstrings and layout."""
    text = "\n".join(ast.unparse(node) for node in nodes)
    return ast.unparse(_WithoutDocstrings().visit(ast.parse(text)))


def _references(nodes: list[ast.stmt], module: _Module) -> set[Symbol]:
    """The project's symbols that these definitions name."""
    imports = dict(module.imports)
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Import | ast.ImportFrom):
                imports.update(_imports(inner, module.name))
    found: set[Symbol] = set()
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
                target = imports.get(inner.value.id)
                if target is not None and target[1] is None:
                    found.add((target[0], inner.attr))
            elif isinstance(inner, ast.Name):
                if inner.id in module.definitions:
                    found.add((module.name, inner.id))
                elif (target := imports.get(inner.id)) is not None and target[1] is not None:
                    found.add((target[0], target[1]))
    return found


@lru_cache(maxsize=None)
def _part(symbol: Symbol, mtime_ns: int) -> tuple[str, frozenset[Symbol]]:
    module = _load(symbol[0])
    assert module is not None
    nodes = module.definitions[symbol[1]]
    return hashlib.sha256(_meaning(nodes).encode()).hexdigest()[:16], frozenset(_references(nodes, module))


def _resolve(symbol: Symbol) -> Symbol | None:
    """Follow re-exports to the module that defines the symbol; None when it is not a definition of ours."""
    for _ in range(10):
        module = _load(symbol[0])
        if module is None:
            return None
        if symbol[1] in module.definitions:
            return symbol
        target = module.imports.get(symbol[1])
        if target is None or target[1] is None:
            return None
        symbol = (target[0], target[1])
    return None


def code_version(function: str) -> dict:
    """The version of a function given as `package.module:name`.

    Returns {"version": 16 hex, "parts": {"module:name": 16 hex}}: parts are what it reaches, itself included.
    Raises UserError when there is no such function.
    """
    module, _, name = function.partition(":")
    start = _resolve((module, name))
    if start is None:
        raise UserError(f"{function}: no such function in this project")
    parts: dict[str, str] = {}
    waiting = [start]
    while waiting:
        symbol = waiting.pop()
        label = f"{symbol[0]}:{symbol[1]}"
        if label in parts:
            continue
        path = _module_path(symbol[0])
        assert path is not None
        parts[label], references = _part(symbol, path.stat().st_mtime_ns)
        waiting += [found for reference in references if (found := _resolve(reference)) is not None]
    text = "".join(f"{label} {parts[label]}\n" for label in sorted(parts))
    return {"version": hashlib.sha256(text.encode()).hexdigest()[:16], "parts": dict(sorted(parts.items()))}
