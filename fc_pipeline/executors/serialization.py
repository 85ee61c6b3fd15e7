"""Values as JSON and back, exactly, for what travels to the machines of a cluster.

Unlike pickle, reading can only make values of the kinds below. What JSON has no word for is an object with one key
that begins with `$`; records and models are named by their class, which the reader imports.
"""

import base64
import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from pydantic import BaseModel

_FORBIDDEN = "<"  # `<locals>`, `<lambda>`: what cannot be found by its name


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
    """What `encode` was given."""
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
    """A function of a module, or a `partial` of one, by its name and arguments. Raises TypeError for another one."""
    if isinstance(function, partial):
        outer = encode_function(function.func)
        return {
            "name": outer["name"],
            "args": outer["args"] + [encode(each) for each in function.args],
            "kwargs": outer["kwargs"] | {key: encode(each) for key, each in function.keywords.items()},
        }
    return {"name": name_of(function), "args": [], "kwargs": {}}


def decode_function(spec: dict[str, Any]) -> Callable[[Any], Any]:
    args = [decode(each) for each in spec["args"]]
    kwargs = {key: decode(each) for key, each in spec["kwargs"].items()}
    return partial(_named(spec["name"]), *args, **kwargs)


def name_of(thing: Any) -> str:
    """`module:name` of a class or function. Raises TypeError when it cannot be imported by it."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", _FORBIDDEN)
    if module in (None, "__main__") or _FORBIDDEN in name:
        raise TypeError(f"{thing!r} cannot be sent to a cluster: it has no name in a module")
    return f"{module}:{name}"


def _named(path: str) -> Any:
    module, _, name = path.partition(":")
    thing = importlib.import_module(module)
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing


def _class(path: str, base: type) -> Any:
    found = _named(path)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise TypeError(f"{path} is no {base.__name__}")
    return found


def _array(parts: tuple[str, list[int], str]) -> np.ndarray:
    dtype, shape, data = parts
    return np.frombuffer(base64.b64decode(data), np.dtype(dtype)).reshape(shape).copy()


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "$dict": lambda pairs: {decode(key): decode(each) for key, each in pairs},
    "$tuple": lambda values: tuple(map(decode, values)),
    "$record": lambda parts: _class(parts[0], tuple)(*map(decode, parts[1])),
    "$bytes": base64.b64decode,
    "$model": lambda parts: _class(parts[0], BaseModel).model_validate(parts[1]),
    "$array": _array,
    "$exception": lambda parts: _class(parts[0], Exception)(*map(decode, parts[1])),
}
