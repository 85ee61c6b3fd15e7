"""The catalogue of eval sets that ship."""

import difflib
from functools import lru_cache
from pathlib import Path

import yaml

from fc_model.errors import UserError
from fc_pipeline.evalsets.schema import EvalSet, parse_evalset
from fc_pipeline.yaml_loader import read_yaml

CATALOGUE = Path(__file__).parent / "catalog"


def names() -> list[str]:
    """Names of the eval sets of the catalogue, sorted."""
    return sorted(path.stem for path in CATALOGUE.glob("*.yaml"))


@lru_cache(maxsize=256)
def resolve_evalset(name: str) -> EvalSet:
    """A catalogue entry as a whole definition; its name is its file's.

    Raises:
        UserError: there is no such eval set, or a field is wrong; names it.
    """
    path = CATALOGUE / f"{name}.yaml"
    if not path.is_file():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names())}"
        raise UserError(f"eval set {name!r} is not in the catalogue; {hint}")
    try:
        raw = read_yaml(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    return parse_evalset({"name": name, **raw}, f"eval set {name}")
