"""MATLAB files (level 5, as `save` wrote them until version 7.3), read by scipy."""

import struct
import zlib
from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.images.datasets.base import BadInput, DatasetLimits

_DAMAGE = (ValueError, TypeError, NotImplementedError, OSError, EOFError, LookupError, struct.error, zlib.error)


def matlab_variables(path: Path, *names: str, limits: DatasetLimits) -> list[Any]:
    """These variables of a file, without dimensions of one; cells are object arrays, char arrays are str.

    Everything is in memory afterwards, at several times the size of the file.

    Raises:
        BadInput: too large, damaged, or a variable is missing.
        UserError: scipy is not installed.
    """
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError as error:
        raise UserError(f"{path.name}: MATLAB files need scipy; `pip install scipy`") from error
    size = path.stat().st_size
    if size > limits.annotation_bytes:
        raise BadInput("too_large", f"{size} bytes exceed annotation_bytes ({limits.annotation_bytes})")
    try:
        content = loadmat(path, variable_names=names, squeeze_me=True, chars_as_strings=True)
    except (*_DAMAGE, MatReadError) as error:
        raise BadInput("invalid_matlab", f"{type(error).__name__}: {error}") from error
    missing = [name for name in names if name not in content]
    if missing:
        raise BadInput("invalid_annotations", f"no variable {', '.join(missing)} in it")
    return [content[name] for name in names]
