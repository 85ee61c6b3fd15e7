"""The catalogue of font packages, one YAML file a package."""

import difflib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import yaml

from fc_model.errors import UserError
from fc_pipeline.images.fonts.config import FontPackage, FontsConfig, InstalledFonts, parse_package
from fc_pipeline.sources.kinds.installed import installed_version
from fc_pipeline.yaml_loader import read_yaml

CATALOGUE = Path(__file__).parent / "catalog"


def names() -> list[str]:
    """Names of the packages of the catalogue, sorted."""
    return sorted(path.stem for path in CATALOGUE.glob("*.yaml"))


def fonts_config(chosen: Sequence[str] | None = None) -> FontsConfig:
    """The config of the step `images/fonts`: some packages of the catalogue, or all of it, with versions pinned.

    Raises:
        UserError: there is no such package, or its entry is wrong; names it.
    """
    return FontsConfig(packages=[_entry(name) for name in (names() if chosen is None else chosen)])


@lru_cache(maxsize=256)
def _entry(name: str) -> FontPackage:
    path = CATALOGUE / f"{name}.yaml"
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names())}"
        raise UserError(f"font package {name!r} is not in the catalogue; {hint}")
    try:
        raw = read_yaml(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    package = parse_package({"name": name, **raw}, f"font package {name}")
    if isinstance(package, InstalledFonts):
        return package.model_copy(update={"version": installed_version(package.distribution)})
    return package
