"""The catalogue of font packages, one YAML file a package."""

from collections.abc import Sequence
from pathlib import Path

from fc_pipeline.catalogue.catalogue import Catalogue
from fc_pipeline.catalogue.pins import pinned
from fc_pipeline.images.fonts.config import FontPackage, FontsConfig, parse_package

CATALOGUE = Catalogue(Path(__file__).parent / "catalog", "font package")


def fonts_config(chosen: Sequence[str] | None = None) -> FontsConfig:
    """The config of the step `images/fonts`: some packages of the catalogue, or all of it, with versions pinned.

    Raises:
        UserError: there is no such package, or its entry is wrong; names it.
    """
    return FontsConfig(packages=[_package(name) for name in (CATALOGUE.names() if chosen is None else chosen)])


def _package(name: str) -> FontPackage:
    package = parse_package(*CATALOGUE.resolve(name))
    return pinned(package, package.faces, what=CATALOGUE.what, name=name)
