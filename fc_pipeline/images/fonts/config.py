"""Which packages the fonts come from. Light to import."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fc_model.errors import UserError

Style = Literal["sans", "serif", "mono", "hand", "display"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FaceFiles(_Strict):
    """Font files of a package that are of one style."""

    glob: str = Field(description="path inside the package; `*` within a folder, `**` across folders, `{a,b}` choices")
    style: Style
    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="of the face, where the glob is one file; by default the file's name without its extension",
    )


class _Package(_Strict):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$", description="its file's name in the catalogue")
    licence: str = Field(description="SPDX identifier of the fonts' licence, as the package states it")
    faces: list[FaceFiles] = Field(min_length=1)
    max_file_bytes: int = Field(default=16 << 20, gt=0, description="a larger font file is refused")


class PypiFonts(_Package):
    """Fonts in a wheel or sdist of the package index. Its code is never run."""

    kind: Literal["pypi"]
    project: str
    version: str
    file: str = Field(pattern=r"^[^/\\\x00]+\.(whl|tar\.gz|zip)$", description="file name of the wheel or sdist")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class InstalledFonts(_Package):
    """Fonts of a distribution that this environment has installed."""

    kind: Literal["installed"]
    distribution: str
    version: str | None = Field(default=None, description="filled in when the graph is built: part of the identity")


FontPackage = Annotated[PypiFonts | InstalledFonts, Field(discriminator="kind")]


class FontsConfig(_Strict):
    """Config of the step `images/fonts`."""

    packages: list[FontPackage] = Field(min_length=1, description="entries of the catalogue, pinned")


_PACKAGE: TypeAdapter[FontPackage] = TypeAdapter(FontPackage)


def parse_package(raw: Any, where: str) -> FontPackage:
    """Raises UserError that names `where`, the field and what is wrong with it."""
    try:
        return _PACKAGE.validate_python(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
        )
        raise UserError(f"{where}: {problems}") from error
