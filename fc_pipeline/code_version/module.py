"""The top-level names of one source file."""

import ast
from functools import cached_property
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.code_version.normal_form import normalise
from fc_pipeline.code_version.scopes import Import, References, bound_names, references, unfollowable


class Module:
    """The top-level names of a source file: definitions and imports."""

    def __init__(self, name: str, path: Path, packages: tuple[str, ...]) -> None:
        self.name = name
        self.path = path
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, set[Import]] = {}
        self._packages = packages
        self._normal: dict[str, list[ast.stmt]] = {}
        try:
            tree = ast.parse(path.read_bytes(), filename=str(path))
        except (SyntaxError, ValueError) as error:
            where = getattr(error, "lineno", 0)
            raise UserError(f"{path}:{where}: {getattr(error, 'msg', error)}; correct it before planning") from error
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.check(node)
            bound = bound_names([node])
            for name, targets in bound.imports.items():
                self.imports.setdefault(name, set()).update(targets)
            for name in sorted(bound.names | _changed(node)):
                self.definitions.setdefault(name, []).append(node)

    def normal(self, name: str) -> list[ast.stmt]:
        if name not in self._normal:
            self._normal[name] = [normalise(node) for node in self.definitions[name]]
        return self._normal[name]

    def references(self, name: str) -> References:
        """What the definitions of a name refer to. Raises UserError for an import that cannot be followed."""
        reads = references(self.normal(name), self._ambiguous)
        for statement in reads.imports:
            self.check(statement)
        return reads

    @cached_property
    def _ambiguous(self) -> set[str]:
        return {name for name, targets in self.imports.items() if len(targets) > 1 or name in self.definitions}

    def check(self, node: ast.Import | ast.ImportFrom) -> None:
        """Raises UserError for an import that cannot be followed."""
        problem = unfollowable(node, self._packages)
        if problem:
            raise UserError(f"{self.path}:{problem}")


def _changed(node: ast.stmt) -> set[str]:
    """Names whose values a top-level statement changes in place: `table["x"] = f`, `table.update(...)`."""
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        places: list[ast.expr] = list(node.targets) if isinstance(node, ast.Assign) else [node.target]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        places = [node.value.func]
    else:
        return set()
    names = set()
    for place in places:
        inner = place
        while isinstance(inner, ast.Attribute | ast.Subscript):
            inner = inner.value
        if isinstance(inner, ast.Name) and inner is not place:
            names.add(inner.id)
    return names
