"""What the step `<track>/synthetic` is told. Light to import."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from fc_model.config.strict import Strict
from fc_pipeline.images.fonts.catalogue import Style


class KindConfig(Strict):
    """How many images of a kind, and how they are stored."""

    train: int = Field(ge=0, description="images for training")
    holdout: int | None = Field(default=None, ge=0, description="images held out; default: by `holdout_share`")
    format: Literal["png", "jpg", "webp"] = Field(default="png", description="png loses nothing; jpg, webp: for photos")
    quality: int = Field(default=85, ge=1, le=95, description="of jpg and webp")


def _ordered_parts(em: tuple[float, float]) -> tuple[float, float]:
    if not 0.2 <= em[0] <= em[1] <= 1:
        raise ValueError(f"em {em} is no range within [0.2, 1]: give the smaller part first")
    return em


Em = Annotated[tuple[float, float], AfterValidator(_ordered_parts)]
"""Smallest and largest em as parts of a height."""


class LineConfig(Strict):
    """Images of one printed line."""

    height: int = Field(default=32, ge=16, le=512, description="pixels")
    max_width: int = Field(default=256, ge=32, le=4096, description="pixels; a line that is too long loses words")
    min_chars: int = Field(default=3, ge=1)
    max_chars: int = Field(default=24, ge=1)
    em: Em = Field(default=(0.4, 0.8), description="least and most em as parts of the height; wide text is smaller")
    styles: list[Style] = Field(
        default=["sans", "serif", "mono", "hand", "display"], min_length=1, description="of the faces"
    )
    degraded_share: float = Field(default=0.4, ge=0, le=1, description="of the lines that are not `plain` or `padded`")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_chars > self.max_chars:
            raise ValueError(f"min_chars ({self.min_chars}) exceeds max_chars ({self.max_chars})")
        return self


class SmallConfig(Strict):
    """Forms and screenshots of a few rows of text, in the rhythm of lines: what reads those can read these."""

    width: int = Field(default=144, ge=96, le=1024, description="pixels")
    height: int = Field(default=64, ge=32, le=1024, description="pixels; two rows or more")
    row_height: int = Field(default=32, ge=16, le=512, description="pixels; best that of the lines")
    max_chars: int = Field(default=12, ge=8, description="of a row")
    em: Em = Field(default=(0.55, 0.7), description="smallest and largest em as parts of the row's height")
    styles: list[Style] = Field(default=["sans", "serif", "mono"], min_length=1, description="of the faces")
    degraded_share: float = Field(default=0.2, ge=0, le=1, description="of all")

    @model_validator(mode="after")
    def _whole_rows(self) -> Self:
        if self.height % self.row_height or self.height < 2 * self.row_height:
            raise ValueError(f"height ({self.height}) is not two or more rows of row_height ({self.row_height}) pixels")
        return self


class TextConfig(Strict):
    """How much of the corpus the text of the images is drawn from."""

    train_chars: int = Field(default=8_000_000, gt=0, description="of the training documents; code gets 1/4 more")
    holdout_chars: int = Field(default=1_000_000, gt=0, description="of the held-out documents; code gets 1/4 more")
    document_chars: int = Field(default=20_000, gt=0, description="of one document, from its beginning")


class StringsConfig(Strict):
    """Which short strings only the holdout shows, and how often training draws one (fc_pipeline/images/strings.py)."""

    held_out_share: float = Field(default=0.1, ge=0, le=0.5, description="of all short strings; 0 holds none out")
    max_chars: int = Field(default=40, ge=1, description="a longer string is not short: it is not drawn twice")
    common: int = Field(
        default=20, ge=1, description="times that one or two words stand in the sample before they are drawn less"
    )
    temper: float = Field(
        default=0.75,
        ge=0,
        le=1,
        description="n times in the sample are drawn as common * (n / common)^(1 - temper)",
    )


class SynthesisConfig(Strict):
    """Config of the step `<track>/synthetic`."""

    seed: int = 0
    kinds: dict[str, KindConfig] = Field(min_length=1, description="by name: line, small/form, document/invoice, ...")
    holdout_share: float = Field(default=0.05, ge=0, le=1, description="images held out for each training image")
    held_out_faces: list[str] = Field(
        default=[
            "Caladea-Regular",
            "CrimsonText-Italic",
            "FjallaOne-Regular",
            "IBMPlexMono-Regular",
            "Kalam-Regular",
            "PT_Sans-Web-Bold",
            "RedHatDisplay-Regular",
            "Righteous-Regular",
        ],
        min_length=1,
        description="faces that only the holdout uses, and the only ones that it uses",
    )
    line: LineConfig = LineConfig()
    small: SmallConfig = SmallConfig()
    text: TextConfig = TextConfig()
    strings: StringsConfig = StringsConfig()
    photographs: list[str] = Field(
        default=[], description="sources of images whose pictures lie under the text of scene/*: names of the catalogue"
    )
    handheld_share: float = Field(default=0.1, ge=0, le=1, description="of document/*: bent, on a desk, at an angle")
    max_attempts: int = Field(default=50, gt=0, description="draws of one image before the step gives up")
    batch_images: int = Field(default=64, gt=0, description="small images that a worker draws at a time")
    shard_bytes: int = Field(default=64 << 20, gt=0, description="of a tar, about")
