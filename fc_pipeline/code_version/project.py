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

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.code_version.module import Module
from fc_pipeline.code_version.scopes import Import, references

Symbol = tuple[str, str]
"""(module, name at its top level)."""
Stamp = tuple[int, int, int] | None


class Project:
    """The source of some packages below one folder, read when it is needed. An edited file is read again.

    Args:
        root: folder of the packages.
        packages: their names.
        memory: file that remembers the versions of this very source, so that a command answers at once.
    """

    def __init__(self, root: Path, packages: tuple[str, ...], memory: Path | None = None) -> None:
        self._root = root
        self._packages = packages
        self._memory = memory
        self._stamps: dict[Path, Stamp] = {}
        self._digest = ""
        self._modules: dict[str, Module] = {}
        self._paths: dict[str, Path | None] = {}
        self._reached: dict[Symbol, set[Symbol]] = {}
        self._hashes: dict[Symbol, str] = {}
        self._versions: dict[str, dict[str, Any]] = {}
        names = "|".join(re.escape(name) for name in packages)
        self._import_path = re.compile(rf"((?:{names})(?:\.\w+)*)(?::(\w+))?")

    def version(self, function: str) -> dict[str, Any]:
        """{"version": 16 hex, "parts": {"module:name": 16 hex}}: parts are what it reaches, itself included.

        Args:
            function: import path, `package.module:name`.

        Raises:
            UserError: there is no such function, or its code uses an import that cannot be followed.
        """
        self._forget_if_edited()
        if function not in self._versions:
            self._versions[function] = self._version(function)
            if not self._edited():
                self._remember()
        return self._versions[function]

    def _version(self, function: str) -> dict[str, Any]:
        module, _, name = function.partition(":")
        start = self._member(Import(module, name), (), where=function)
        if not name or not start:
            raise UserError(f"{function}: no such function in this project")
        reached: set[Symbol] = set()
        waiting = set(start)
        while waiting:
            symbol = waiting.pop()
            reached.add(symbol)
            if symbol not in self._reached:
                self._reached[symbol] = self._references(*symbol)
            waiting |= self._reached[symbol] - reached
        parts = {":".join(symbol): self._hash(symbol) for symbol in sorted(reached)}
        text = "".join(f"{label} {part}\n" for label, part in sorted(parts.items()))
        return {"version": hashlib.sha256(text.encode()).hexdigest()[:16], "parts": parts}

    def _hash(self, symbol: Symbol) -> str:
        if symbol not in self._hashes:
            self._hashes[symbol] = self._modules[symbol[0]].hash(symbol[1])
        return self._hashes[symbol]

    def _forget_if_edited(self) -> None:
        if self._stamps and not self._edited():
            return
        for cache in (self._modules, self._paths, self._reached, self._hashes, self._versions):
            cache.clear()
        files = sorted(path for name in self._packages for path in (self._root / name).rglob("*.py"))
        self._stamps = {path: _stamp(path) for path in files}
        if self._memory is not None:
            digests = [
                f"{path.relative_to(self._root)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files
            ]
            self._digest = hashlib.sha256("\n".join(digests).encode()).hexdigest()
            self._versions = self._remembered(self._memory)

    def _edited(self) -> bool:
        return any(_stamp(path) != stamp for path, stamp in self._stamps.items())

    def _remembered(self, memory: Path) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(memory.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return found["versions"] if found["source"] == self._digest else {}

    def _remember(self) -> None:
        if self._memory is not None and os.access(self._memory.parent, os.W_OK):
            temporary = self._memory.with_name(f"{self._memory.name}.{os.getpid()}.tmp")
            temporary.write_text(json.dumps({"source": self._digest, "versions": self._versions}), "utf-8")
            os.replace(temporary, self._memory)

    def _path(self, module: str) -> Path | None:
        if module.split(".")[0] not in self._packages:
            return None
        if module not in self._paths:
            base = self._root.joinpath(*module.split("."))
            files = (base.with_suffix(".py"), base / "__init__.py")
            self._paths[module] = next((path for path in files if path.is_file()), None)
        return self._paths[module]

    def _load(self, module: str) -> "Module | None":
        path = self._path(module)
        if path is not None and module not in self._modules:
            self._modules[module] = Module(module, path, self._packages)
        return self._modules.get(module)

    def _references(self, module_name: str, name: str) -> set[Symbol]:
        """The symbols of the project that one definition refers to."""
        module = self._modules[module_name]
        found: set[Symbol] = set()
        reads = references(module.normal(name))
        for statement in reads.imports:
            module.check(statement)
        for chain in reads.own:
            if chain[0] in module.definitions:
                found.add((module.name, chain[0]))
            for target in module.imports.get(chain[0], ()):
                found |= self._member(target, chain[1:], where=module.name)
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
        for imported in module.imports.get(name, ()):
            found |= self._member(imported, tuple(rest), where=module.name, depth=depth + 1)
        if found or name in module.imports:
            return found
        if self._path(f"{module.name}.{name}"):
            return self._member(Import(f"{module.name}.{name}", None), tuple(rest), where=where, depth=depth + 1)
        if "__getattr__" in module.definitions:
            return {(module.name, "__getattr__")}
        if name.startswith("__") and name.endswith("__"):
            return set()
        raise UserError(f"{where}: {module.name}.{name} cannot be followed: no top-level definition has that name")


def _stamp(path: Path) -> Stamp:
    """What changes when a file is edited; None when it is gone."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


_HERE = Path(__file__).resolve().parents[1]
_PROJECT = Project(
    _HERE.parent, packages=("fc_model", "fc_pipeline"), memory=_HERE / "__pycache__" / "code_version.json"
)


def code_version(function: str) -> dict[str, Any]:
    """`Project.version` of a function of this project."""
    return _PROJECT.version(function)
