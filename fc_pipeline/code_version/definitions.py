"""Resolution of names and import paths to definitions of a project, from its source alone."""

import ast
import re
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.code_version.module import Module
from fc_pipeline.code_version.normal_form import Form, Link, Symbol, normal_form
from fc_pipeline.code_version.scopes import Import, Reference


class Definitions:
    """The definitions of some packages below one folder, read on demand."""

    def __init__(self, root: Path, packages: tuple[str, ...]) -> None:
        self._root = root
        self._packages = packages
        self._modules: dict[str, Module] = {}
        self._paths: dict[str, Path | None] = {}
        self._forms: dict[Symbol, Form] = {}
        self._links: dict[tuple[str, Reference], Link | None] = {}
        names = "|".join(re.escape(name) for name in packages)
        self._import_path = re.compile(rf"((?:{names})(?:\.\w+)*)(?::(\w+))?")

    def named(self, path: str) -> set[Symbol]:
        """The definitions of an import path `package.module:name`; more than one if the name is bound twice.

        Raises UserError when there is none, or an import on the way cannot be followed.
        """
        module, _, name = path.partition(":")
        symbols = {symbol for link in self._member(Import(module, name), (), where=path) for symbol in link.symbols}
        if not name or not symbols:
            raise UserError(f"{path}: no such function in this project")
        return symbols

    def form(self, symbol: Symbol) -> Form:
        """Normal form of a definition. Raises UserError when one of its references cannot be followed."""
        if symbol not in self._forms:
            module = self._modules[symbol[0]]
            nodes = module.normal(symbol[1])
            self._forms[symbol] = normal_form(nodes, self._links_of(module, symbol[1]))
        return self._forms[symbol]

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

    def _links_of(self, module: Module, name: str) -> dict[ast.AST, Link]:
        """The links that replace a definition's references and project imports in its normal form."""
        links: dict[ast.AST, Link] = {}
        reads = module.references(name)
        for node, reference in reads.names.items():
            if (module.name, reference) not in self._links:
                self._links[module.name, reference] = self._link(module, reference)
            if (link := self._links[module.name, reference]) is not None:
                links[node] = link
        for constant in reads.texts:
            match = self._import_path.fullmatch(constant.value)  # type: ignore[arg-type]
            if match and ("." in match[1] or match[2]) and self._path(match[1]):
                target = Link.either(self._member(Import(match[1], match[2]), (), where=module.name))
                links[constant] = Link(f"ImportPath({target.text})", target.symbols)
        for statement, kept in reads.imports.items():
            if any(self._is_inside(target) for target in Import.of(statement).values()):
                links[statement] = self._import(module, statement, kept)
        return links

    def _link(self, module: Module, reference: Reference) -> Link | None:
        """The link of a reference; None for a name that is neither the project's nor a library's."""
        chain = reference.chain
        targets = module.imports.get(chain[0], set()) if reference.imports is None else reference.imports
        links = {Link(f"Local({'.'.join(chain)})")} if reference.local else set()
        if reference.imports is None and chain[0] in module.definitions:
            links.add(_definition(module, chain[0]).attributes(chain[1:]))
        for target in targets:
            links |= self._member(target, chain[1:], where=module.name)
        return Link.either(links) if links else None

    def _import(self, module: Module, statement: ast.Import | ast.ImportFrom, kept: frozenset[str]) -> Link:
        """The link of a project import: empty, except where the place matters because a name is bound twice."""
        links = {
            name: Link.either(self._member(target, (), where=module.name))
            for name, target in sorted(Import.of(statement).items())
            if name in kept or not self._is_inside(target)
        }
        text = ", ".join(f"{name}={link.text}" for name, link in links.items())
        symbols = {symbol for link in links.values() for symbol in link.symbols}
        return Link(f"Import({text})" if links else "", tuple(sorted(symbols)))

    def _is_inside(self, target: Import) -> bool:
        return target.module.split(".")[0] in self._packages

    def _member(self, target: Import, chain: tuple[str, ...], *, where: str, depth: int = 0) -> set[Link]:
        """The links of `target.chain[0].chain[1]...`; several for a name that is bound in several ways."""
        if not self._is_inside(target):
            path = (target.module, *([] if target.name is None else [target.name]), *chain)
            return {Link(f"Library({'.'.join(path)})")}
        if target.name is not None and self._path(f"{target.module}.{target.name}"):
            target = Import(f"{target.module}.{target.name}", None)
        module = self._load(target.module)
        if module is None or depth > 20:
            raise UserError(f"{where}: {target.module} cannot be followed: there is no such module in this project")
        if target.name is None and not chain:  # the module as a value: any definition in it may be used
            return {Link("Module", tuple((module.name, name) for name in module.definitions))}
        name, *rest = (target.name, *chain) if target.name is not None else chain
        links = {_definition(module, name).attributes(tuple(rest))} if name in module.definitions else set()
        for imported in module.imports.get(name, ()):
            links |= self._member(imported, tuple(rest), where=module.name, depth=depth + 1)
        if links:
            return links
        if self._path(f"{module.name}.{name}"):
            return self._member(Import(f"{module.name}.{name}", None), tuple(rest), where=where, depth=depth + 1)
        if "__getattr__" in module.definitions:
            return {_definition(module, "__getattr__").attributes((name, *rest))}
        if name.startswith("__") and name.endswith("__"):
            return {Link("Module").attributes((name, *rest))}
        raise UserError(f"{where}: {module.name}.{name} cannot be followed: no top-level definition has that name")


def _definition(module: Module, name: str) -> Link:
    return Link(f"Definition({name})", ((module.name, name),))
