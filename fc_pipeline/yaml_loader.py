"""YAML as plain values, by the fast parser where PyYAML has it: all tracks and catalogues are read at every start."""

import copy
from functools import lru_cache
from typing import Any

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """The values of a text, the caller's own. Raises yaml.YAMLError."""
    return copy.deepcopy(_parsed(text))  # a track is read again for each that extends it, and parsing costs more


@lru_cache(maxsize=512)
def _parsed(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)
