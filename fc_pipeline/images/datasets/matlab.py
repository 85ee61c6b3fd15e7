"""MATLAB files (level 5, as `save` wrote them until version 7.3), read by scipy."""

import struct
import zlib
from pathlib import Path
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.datasets.base import SetFolder

_DAMAGE = (ValueError, TypeError, NotImplementedError, OSError, EOFError, LookupError, struct.error, zlib.error)


def matlab_variables(data: SetFolder, path: Path, *names: str) -> list[Any]:
    """These variables of a file, without dimensions of one; cells are object arrays, char arrays are str.

    Everything is in memory afterwards, at several times the size of the file.

    Raises:
        BadInput: too large, damaged, or a variable is missing.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    data.check_size(path)
    try:
        content = loadmat(path, variable_names=names, squeeze_me=True, chars_as_strings=True)
    except (*_DAMAGE, MatReadError) as error:
        raise BadInput("invalid_matlab", f"{type(error).__name__}: {error}") from error
    missing = [name for name in names if name not in content]
    if missing:
        raise BadInput("invalid_annotations", f"no variable {', '.join(missing)} in it")
    return [content[name] for name in names]
