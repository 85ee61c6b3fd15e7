"""A fault in the product: another text in a module's source, in this process, for as long as a test looks at it."""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[2]


@contextmanager
def planted(file: str, old: str, new: str) -> Iterator[None]:
    """The module of a file of the repository as if `new` stood in place of `old`, which stands in it exactly once.

    Functions and methods keep their identity and get the other code, whoever has imported them. Other values of the
    module are replaced in every module of the project that has the same object under some name.
    """
    source = (ROOT / file).read_text(encoding="utf-8")
    if source.count(old) != 1:
        raise ValueError(f"{file} has {old!r} {source.count(old)} times, not once")
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    other = ModuleType(module.__name__)
    with patch.dict(sys.modules, {module.__name__: other}):  # dataclasses look their module up
        exec(compile(source.replace(old, new), str(module.__file__), "exec"), vars(other))
    with ExitStack() as stack:
        num_changed = sum(_plant(stack, module, name, value) for name, value in vars(other).items())
        if not num_changed:
            raise ValueError(f"{new!r} changes nothing of {file}")
        yield


def _plant(stack: ExitStack, module: ModuleType, name: str, value: Any) -> int:
    """How many functions and values were changed."""
    current = vars(module).get(name)
    if name.startswith("__") or current is value:
        return 0
    if callable(value):
        if value.__module__ != module.__name__:  # imported
            return 0
        of_class = [(vars(current).get(key), one) for key, one in vars(value).items()] if inspect.isclass(value) else []
        pairs = [(_function(old), _function(new)) for old, new in [(current, value), *of_class]]
        return sum(_exchange(stack, old, new) for old, new in pairs if old is not None and new is not None)
    if not isinstance(value, str | int | float | tuple | dict | re.Pattern) or value == current:
        return 0
    num_changed = 0
    for one in [one for key, one in sys.modules.items() if key.startswith(("fc_model", "fc_pipeline"))]:
        for key in [key for key, held in vars(one).items() if held is current]:
            stack.enter_context(patch.object(one, key, value))
            num_changed += 1
    return num_changed


def _function(value: Any) -> FunctionType | None:
    """The function of a method or a property, without its decorators."""
    inner = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    inner = inspect.unwrap(inner) if callable(inner) else inner
    return inner if isinstance(inner, FunctionType) else None


def _exchange(stack: ExitStack, current: FunctionType, other: FunctionType) -> int:
    if current.__code__ == other.__code__ and current.__defaults__ == other.__defaults__:
        return 0
    for name in ("__code__", "__defaults__", "__kwdefaults__"):
        stack.callback(setattr, current, name, getattr(current, name))
        setattr(current, name, getattr(other, name))
    return 1
