"""The catalogue of font packages, one YAML file a package. Light to import."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from fc_model.config.strict import Strict
from fc_pipeline.catalogue.catalogue import Catalogue
from fc_pipeline.catalogue.entry import Entry, InstalledPin, PypiPin, parse_entry
from fc_pipeline.catalogue.pins import pinned

CATALOGUE = Catalogue(Path(__file__).parent / "catalog", "font package")
Style = Literal["sans", "serif", "mono", "hand", "display"]


class FaceFiles(Strict):
    """Font files of a package that are of one style."""

    glob: str = Field(description="path inside the package; `*` within a folder, `**` across folders, `{a,b}` choices")
    style: Style
    name: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="of the face; by default the file's"
    )

    @property
    def exclude(self) -> list[str]:
        return []


class _Package(Entry):
    faces: list[FaceFiles] = Field(min_length=1)
    max_file_bytes: int = Field(default=16 << 20, gt=0, description="a larger font file is refused")


class PypiFonts(_Package, PypiPin):
    """Fonts in a wheel or sdist."""


class InstalledFonts(_Package, InstalledPin):
    """Fonts of an installed distribution."""


FontPackage = Annotated[PypiFonts | InstalledFonts, Field(discriminator="kind")]


class FontsConfig(Strict):
    """Config of the step `images/fonts`."""

    packages: list[FontPackage] = Field(min_length=1, description="entries of the catalogue, pinned")


_PACKAGE: TypeAdapter[FontPackage] = TypeAdapter(FontPackage)


def fonts_config(chosen: Sequence[str] | None = None) -> FontsConfig:
    """The config of the step `images/fonts`: some packages of the catalogue, or all of it, with versions pinned.

    Raises:
        UserError: there is no such package, or its entry is wrong; names it.
    """
    return FontsConfig(packages=[_package(name) for name in (CATALOGUE.names() if chosen is None else chosen)])


def _package(name: str) -> FontPackage:
    package = parse_entry(_PACKAGE, *CATALOGUE.resolve(name))
    return pinned(package, package.faces, what=CATALOGUE.what, name=name)
