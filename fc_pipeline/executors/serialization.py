"""Values as JSON and back, exactly, for the task files of a cluster.

A value that JSON lacks is an object with one key that begins with `$`. Functions, records, models and exceptions are
stored by name, and the reader imports only what this project defines: a writer of the shared disk can choose among
these and run nothing else.
"""

import base64
import importlib
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from pydantic import BaseModel

from fc_model.errors import UserError

_PACKAGES = ("fc_model", "fc_pipeline")
TEST_PACKAGE = "FC_TASK_TEST_PACKAGE"
"""Environment variable: one more top-level package whose functions may be sent. Only the tests set it."""


def encode(value: Any) -> Any:
    """None, booleans, numbers, text, bytes, lists, tuples, dicts, named tuples, pydantic models, exceptions, arrays.

    Raises TypeError for anything else.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [encode(each) for each in value]
    if isinstance(value, dict):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: encode(each) for key, each in value.items()}
        return {"$dict": [[encode(key), encode(each)] for key, each in value.items()]}
    if isinstance(value, tuple):
        values = [encode(each) for each in value]
        return {"$record": [name_of(type(value)), values]} if hasattr(value, "_fields") else {"$tuple": values}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, BaseModel):
        return {"$model": [name_of(type(value)), value.model_dump(mode="json", by_alias=True)]}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {"$array": [value.dtype.str, list(value.shape), base64.b64encode(value.tobytes()).decode("ascii")]}
    if isinstance(value, Exception):
        return {"$exception": [name_of(type(value)), [encode(each) for each in value.args]]}
    raise TypeError(f"a {type(value).__name__} cannot be sent to a cluster")


def decode(value: Any) -> Any:
    """The value that `encode` wrote. Raises UserError when it names what this project does not define."""
    if isinstance(value, list):
        return [decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key in _DECODERS:
            return _DECODERS[key](inner)
    return {key: decode(each) for key, each in value.items()}


def encode_function(function: Callable[..., Any]) -> dict[str, Any]:
    """A function of a module of this project, or a `partial` of one, by its name and arguments.

    Raises TypeError for another one.
    """
    if isinstance(function, partial):
        outer = encode_function(function.func)
        return {
            "name": outer["name"],
            "args": outer["args"] + [encode(each) for each in function.args],
            "kwargs": outer["kwargs"] | {key: encode(each) for key, each in function.keywords.items()},
        }
    return {"name": name_of(function), "args": [], "kwargs": {}}


def decode_function(spec: dict[str, Any]) -> Callable[[Any], Any]:
    """The function that `encode_function` wrote. Raises UserError when this project does not define it."""
    args = [decode(each) for each in spec["args"]]
    kwargs = {key: decode(each) for key, each in spec["kwargs"].items()}
    return partial(_named(spec["name"]), *args, **kwargs)


def name_of(value: Any) -> str:
    """`module:name` of a class or function. Raises TypeError unless a module of this project has it by that name."""
    name = _own_name(value)
    if name is None or "<" in name:  # `<locals>`, `<lambda>`
        raise TypeError(f"{value!r} cannot be sent to a cluster: it has no name in a module of this project")
    return name


def _own_name(value: Any) -> str | None:
    """`module:name` of a class or function; None when it has no name, or is not this project's."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    return f"{module}:{name}" if isinstance(module, str) and isinstance(name, str) and _is_ours(module) else None


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in {*_PACKAGES, os.environ.get(TEST_PACKAGE)}


def _named(path: str, base: type | None = None) -> Any:
    """The function, or subclass of `base`, of this `name_of`.

    Raises:
        UserError: the project defines nothing of this name; names that its modules import from elsewhere do not count.
    """
    module, _, name = path.partition(":")
    value: Any = None
    if _is_ours(module):
        try:
            value = importlib.import_module(module)
            for part in name.split("."):
                value = getattr(value, part)
        except (ImportError, AttributeError):
            value = None
    fits = callable(value) if base is None else isinstance(value, type) and issubclass(value, base)
    if not fits or _own_name(value) != path:
        kind = "function" if base is None else base.__name__
        raise UserError(
            f"task files name {path!r}, which is no {kind} of this project, and nothing else is called: were they "
            "written by another version, or changed? Delete their folder and run again"
        )
    return value


def _array(parts: tuple[str, list[int], str]) -> np.ndarray:
    dtype, shape, data = parts
    return np.frombuffer(base64.b64decode(data), np.dtype(dtype)).reshape(shape).copy()


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "$dict": lambda pairs: {decode(key): decode(each) for key, each in pairs},
    "$tuple": lambda values: tuple(map(decode, values)),
    "$record": lambda parts: _named(parts[0], tuple)(*map(decode, parts[1])),
    "$bytes": base64.b64decode,
    "$model": lambda parts: _named(parts[0], BaseModel).model_validate(parts[1]),
    "$array": _array,
    "$exception": lambda parts: _named(parts[0], Exception)(*map(decode, parts[1])),
}
