"""The version of code by its meaning: what a function reaches, without comments, docstrings and layout.

A step's function is named by an import path. From its source (nothing is imported) the reader follows every name
to the functions, classes and constants of this project that it reaches, and hashes each one's normal form.
So an edited helper changes the version of exactly the steps that reach it, and a comment changes none. What lies
outside the project (libraries) is recorded in the manifest's run, not hashed here.

A string that is an import path (`package.module:name`, or a module that is run with `python -m`) is followed too.
Limits, on purpose: a method is reached through its class (all of it), so what only an annotation of a function
names is not reached; code that is looked up by a computed name is not seen, so name it in a table; files that are
not Python are not read, so what they say belongs into the step's config.
"""

import ast
import hashlib
import re
from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.python_source import Import, References, bound_names, dump, parse, references, unfollowable

Symbol = tuple[str, str]
"""(module, name at its top level)."""


class Project:
    """The source of some packages below one folder, read when it is needed. An edited file is read again."""

    def __init__(self, root: Path, packages: tuple[str, ...]) -> None:
        self._root = root
        self._packages = packages
        self._modules: dict[str, _Module] = {}
        names = "|".join(re.escape(name) for name in packages)
        self._import_path = re.compile(rf"((?:{names})(?:\.\w+)*)(?::(\w+))?")

    def version(self, function: str) -> dict[str, Any]:
        """{"version": 16 hex, "parts": {"module:name": 16 hex}}: parts are what it reaches, itself included.

        Args:
            function: import path, `package.module:name`.

        Raises:
            UserError: there is no such function, or its code uses an import that cannot be followed.
        """
        module, _, name = function.partition(":")
        start = self._member(Import(module, name), (), where=function)
        if not name or not start:
            raise UserError(f"{function}: no such function in this project")
        parts: dict[str, str] = {}
        waiting = sorted(start)
        while waiting:
            symbol = waiting.pop()
            label = ":".join(symbol)
            if label not in parts:
                found = self._load(symbol[0])
                assert found is not None
                parts[label] = found.hash(symbol[1])
                waiting += self._reached(found, symbol[1])
        text = "".join(f"{label} {parts[label]}\n" for label in sorted(parts))
        return {"version": hashlib.sha256(text.encode()).hexdigest()[:16], "parts": dict(sorted(parts.items()))}

    def _path(self, module: str) -> Path | None:
        if module.split(".")[0] not in self._packages:
            return None
        base = self._root.joinpath(*module.split("."))
        return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)

    def _load(self, module: str) -> "_Module | None":
        path = self._path(module)
        if path is None:
            return None
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._modules.get(module)
        if known is None or known.stamp != stamp:
            known = self._modules[module] = _Module(module, path, stamp, self._packages)
        return known

    def _reached(self, module: "_Module", name: str) -> set[Symbol]:
        """The symbols of the project that one definition refers to."""
        found: set[Symbol] = set()
        reads = module.references(name)
        for chain in reads.own:
            if chain[0] in module.definitions:
                found.add((module.name, chain[0]))
            if chain[0] in module.imports:
                found |= self._member(module.imports[chain[0]], chain[1:], where=module.name)
        for target, chain in reads.imported:
            found |= self._member(target, chain, where=module.name)
        for text in reads.texts:
            if (match := self._import_path.fullmatch(text)) and self._path(match[1]):
                found |= self._member(Import(match[1], match[2]), (), where=module.name)
        return found

    def _member(self, target: Import, chain: tuple[str, ...], *, where: str, depth: int = 0) -> set[Symbol]:
        """What `target.chain[0].chain[1]...` is; empty for what lies outside of the project."""
        if target.module.split(".")[0] not in self._packages:
            return set()
        if target.name is not None and self._path(f"{target.module}.{target.name}"):
            target = Import(f"{target.module}.{target.name}", None)
        module = self._load(target.module)
        if module is None or depth > 20:
            raise UserError(f"{where}: {target.module} cannot be followed: there is no such module in this project")
        if target.name is None and not chain:  # the module as a value: anything in it may be used
            return {(module.name, name) for name in module.definitions}
        name, *rest = (target.name, *chain) if target.name is not None else chain
        found = {(module.name, name)} if name in module.definitions else set()
        if name in module.imports:
            found |= self._member(module.imports[name], tuple(rest), where=module.name, depth=depth + 1)
        if found or name in module.imports:
            return found
        if self._path(f"{module.name}.{name}"):
            return self._member(Import(f"{module.name}.{name}", None), tuple(rest), where=where, depth=depth + 1)
        if "__getattr__" in module.definitions:
            return {(module.name, "__getattr__")}
        if name.startswith("__") and name.endswith("__"):
            return set()
        raise UserError(f"{where}: {module.name}.{name} cannot be followed: no top-level definition has that name")


class _Module:
    """The top-level names of a source file: definitions, and what it imports."""

    def __init__(self, name: str, path: Path, stamp: tuple[int, int, int], packages: tuple[str, ...]) -> None:
        self.name = name
        self.stamp = stamp
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, Import] = {}
        self._hashes: dict[str, str] = {}
        self._references: dict[str, References] = {}
        try:
            tree = parse(path.read_bytes(), str(path))
        except (SyntaxError, ValueError) as error:
            where = getattr(error, "lineno", 0)
            raise UserError(f"{path}:{where}: {getattr(error, 'msg', error)}; mend it before planning") from error
        problem = unfollowable(tree, packages)
        if problem:
            raise UserError(f"{path}:{problem}")
        for node in tree.body:
            self._add(node)

    def _add(self, node: ast.stmt) -> None:
        names, imports = bound_names(node)
        self.imports |= imports
        for name in sorted(names | _changed(node)):
            self.definitions.setdefault(name, []).append(node)

    def hash(self, name: str) -> str:
        """16 hex digits over the normal form of all definitions of a name."""
        if name not in self._hashes:
            text = "\n".join(dump(node) for node in self.definitions[name])
            self._hashes[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
        return self._hashes[name]

    def references(self, name: str) -> References:
        if name not in self._references:
            self._references[name] = references(self.definitions[name])
        return self._references[name]


def _changed(node: ast.stmt) -> set[str]:
    """Names whose values a top-level statement changes in place: `table["x"] = f`, `table.update(...)`."""
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        places: list[ast.expr] = list(node.targets) if isinstance(node, ast.Assign) else [node.target]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        places = [node.value.func]
    else:
        return set()
    found = set()
    for place in places:
        inner = place
        while isinstance(inner, ast.Attribute | ast.Subscript):
            inner = inner.value
        if isinstance(inner, ast.Name) and inner is not place:
            found.add(inner.id)
    return found


_PROJECT = Project(Path(__file__).resolve().parent.parent, packages=("fc_model", "fc_pipeline"))


def code_version(function: str) -> dict[str, Any]:
    """`Project.version` of a function of this project."""
    return _PROJECT.version(function)
