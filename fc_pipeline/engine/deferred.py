"""References to functions whose modules are not imported yet.

    with deferred_imports():
        from fc_pipeline.corpus.split import split

    StepSpec(key="corpus/packages/split", function=split, ...)

Editors and type checkers follow the name as in every import; yet listing the steps of a track imports neither numpy nor
torch. Python 3.15 writes this as `lazy from ... import ...` (PEP 810).
"""

import builtins
import importlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any


@dataclass(frozen=True)
class Deferred:
    """A function whose module is imported at the first call. References to the same function are equal."""

    module: str
    name: str

    @classmethod
    def of(cls, path: str) -> "Deferred":
        """By import path, `package.module:name`."""
        module, _, name = path.partition(":")
        return cls(module, name)

    @property
    def path(self) -> str:
        return f"{self.module}:{self.name}"

    def load(self) -> Callable[..., Any]:
        return getattr(importlib.import_module(self.module), self.name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.load()(*args, **kwargs)


def path_of(function: Callable[..., Any]) -> str:
    """Import path of a function, deferred or not."""
    if isinstance(function, Deferred):
        return function.path
    return f"{function.__module__}:{function.__qualname__}"


@contextmanager
def deferred_imports() -> Iterator[None]:
    """Inside, `from module import name` binds a `Deferred` and imports nothing. This thread only."""
    thread, really_import = threading.get_ident(), builtins.__import__

    def defer(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:  # noqa: A002
        if threading.get_ident() != thread:
            return really_import(name, globals, locals, fromlist, level)
        if level or not fromlist:
            raise ImportError(f"{name}: inside deferred_imports, write 'from full.name import function'")
        return SimpleNamespace(**{member: Deferred(name, member) for member in fromlist})

    builtins.__import__ = defer
    try:
        yield
    finally:
        builtins.__import__ = really_import
