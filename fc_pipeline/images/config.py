"""What a track says of its images. Light to import."""

from typing import Any, Self

from pydantic import Field, model_validator

from fc_model.config.image_stage import VisionConfig
from fc_model.config.strict import Strict
from fc_pipeline.images.pack_config import PackConfig
from fc_pipeline.images.synthesis_config import SynthesisConfig
from fc_pipeline.tokens.config import TokensFields


class ImagesConfig(Strict):
    """Fonts, synthetic images, real ones, and what is taken of them."""

    fonts: list[str] | None = Field(default=None, min_length=1, description="Of images/fonts/catalog; null takes all.")
    synthetic: SynthesisConfig | None = Field(default=None, description="Images drawn from the corpus; null for none.")
    sources: list[str | dict[str, Any]] = Field(default=[], description="Names from images/sources/catalog, or whole.")
    mixture: PackConfig = Field(description="What of all these the stages see, and its caps.")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.synthetic is None and not self.sources:
            raise ValueError("neither synthetic nor sources: there are no images to take; add one")
        return self


class ImagesFields(TokensFields):
    """What the model sees, and by what."""

    images: ImagesConfig | None = Field(default=None, description="What the model sees; null for a track of text.")
    vision: VisionConfig | None = Field(default=None, description="Encoder and fusion; null for a track of text.")
