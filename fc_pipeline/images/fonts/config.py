"""Which packages the fonts come from. Light to import."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from fc_model.config.strict import Strict
from fc_pipeline.catalogue.entry import Entry, InstalledPin, PypiPin, parse_entry

Style = Literal["sans", "serif", "mono", "hand", "display"]


class FaceFiles(Strict):
    """Font files of a package that are of one style."""

    glob: str = Field(description="path inside the package; `*` within a folder, `**` across folders, `{a,b}` choices")
    style: Style
    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="of the face, where the glob is one file; by default the file's name without its extension",
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


def parse_package(raw: Any, where: str) -> FontPackage:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    return parse_entry(_PACKAGE, raw, where)
