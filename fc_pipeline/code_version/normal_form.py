"""Python source by its meaning: a normal form to hash.

The normal form is our own dump of the syntax tree, not `ast.dump` or `ast.unparse`: those differ between
Python 3.11, 3.12 and 3.13, and an upgrade of Python must not rebuild every artifact.
"""

import ast
from functools import cache

Function = ast.FunctionDef | ast.AsyncFunctionDef
_WITHOUT_MEANING = {"ctx", "kind", "type_comment", "type_ignores"}
_SHOWN_ONLY = {"description", "title", "examples"}
"""Arguments of pydantic's Field that change no value."""


def normalise(node: ast.stmt) -> ast.stmt:
    """Take out, in place, what has no meaning: docstrings, `pass`, annotations where they have no effect."""
    return _Normal().visit(node)


class _Normal(ast.NodeTransformer):
    """Annotations stay in classes (fields of dataclasses and models) and under decorators (which may read them)."""

    def __init__(self) -> None:
        self._in_class = False

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody") if "body" in node._fields else ():
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


@cache
def _fields(kind: type[ast.AST]) -> list[str]:
    return [name for name in sorted(kind._fields) if name not in _WITHOUT_MEANING]


def dump(node: object) -> str:
    """The tree as text that is the same on every version of Python: empty fields are left out."""
    if isinstance(node, ast.Constant):
        return f"Constant({node.value!a})"
    if isinstance(node, ast.AST):
        fields = [(name, getattr(node, name, None)) for name in _fields(type(node))]  # type: ignore[arg-type]
        shown = [f"{name}={dump(value)}" for name, value in fields if value is not None and value != []]
        return f"{type(node).__name__}({', '.join(shown)})"
    if isinstance(node, list):
        return f"[{', '.join(dump(part) for part in node)}]"
    return ascii(node)
