"""What a track says of its images. Light to import."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fc_pipeline.images.pack_config import PackConfig
from fc_pipeline.images.synthesis_config import SynthesisConfig


class ImagesConfig(BaseModel):
    """Fonts, synthetic images, real ones, and what is taken of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fonts: list[str] | None = Field(
        default=None, min_length=1, description="Packages of fc_pipeline/images/fonts/catalog; null takes all."
    )
    synthetic: SynthesisConfig | None = Field(default=None, description="Images drawn from the corpus; null for none.")
    sources: list[str | dict[str, Any]] = Field(
        default=[], description="Names from fc_pipeline/images/sources/catalog, or whole definitions."
    )
    mixture: PackConfig = Field(description="What of all these the stages see, and its caps.")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.synthetic is None and not self.sources:
            raise ValueError("neither synthetic nor sources: there are no images to take; add one")
        return self
