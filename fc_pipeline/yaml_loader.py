"""YAML as plain values, by the fast parser where PyYAML has it: all tracks and catalogues are read at every start."""

import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from fc_model.errors import UserError

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """The values of a file, the caller's own. Raises UserError for what is not YAML."""
    try:
        return copy.deepcopy(_parsed(path.read_text("utf-8")))  # parsing costs more, and a track is read once and again
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error


@lru_cache(maxsize=512)
def _parsed(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)
