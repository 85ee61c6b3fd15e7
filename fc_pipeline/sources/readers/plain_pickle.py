"""Pickles of dicts and texts, and of nothing else.

A pickle is a program. Every instruction is looked at before any is run: those that build dicts and texts may stay, any
other is refused by name; and the unpickler imports nothing even so.
"""

import io
import pickle
import pickletools
from typing import Any, NoReturn

from fc_pipeline.catalogue.bad_input import BadInput

_ALLOWED = {
    "PROTO", "FRAME", "STOP", "MARK", "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS",
    "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE",
    "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET",
}  # fmt: skip
_MAX_PROTOCOL = 5
_FAULTS = (
    pickle.UnpicklingError, LookupError, ValueError, EOFError, TypeError, AttributeError, OverflowError
)  # fmt: skip
"""What genops and the unpickler raise for broken input is not of one family."""


def load_texts(data: bytes) -> dict[str, dict[str, str]]:
    """{name: {name: text}} of a pickle that holds just that.

    Raises:
        BadInput: it has another instruction ("hostile_pickle"), or is broken or of another shape ("invalid_pickle").
    """
    content = _loaded(data)
    for outer, texts in _as_dict(content, "the pickle").items():
        for inner, text in _as_dict(texts, outer).items():
            if not isinstance(text, str):
                raise BadInput("invalid_pickle", f"{outer}/{inner} is a {type(text).__name__}, not a text")
    return content


class _ImportsNothing(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("asks for a persistent object")


def _loaded(data: bytes) -> Any:
    try:
        for opcode, argument, position in pickletools.genops(data):
            if opcode.name not in _ALLOWED or (opcode.name == "PROTO" and int(argument or 0) > _MAX_PROTOCOL):
                raise BadInput("hostile_pickle", f"{opcode.name} at byte {position}: it may build dicts and texts only")
            if opcode.name.endswith("PUT") and int(argument or 0) > len(data):  # the memo would be made as large
                raise BadInput("hostile_pickle", f"{opcode.name} {argument} at byte {position} is beyond its size")
        return _ImportsNothing(io.BytesIO(data)).load()
    except _FAULTS as error:
        raise BadInput("invalid_pickle", f"{type(error).__name__}: {error}") from error


def _as_dict(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise BadInput("invalid_pickle", f"{name} is a {type(value).__name__}, not a dict with names")
    return value
