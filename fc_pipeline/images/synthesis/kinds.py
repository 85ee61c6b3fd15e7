"""Every kind of synthetic image by its name."""

from __future__ import annotations

from fc_pipeline.images.synthesis.line import line_kind
from fc_pipeline.images.synthesis.page import Kind
from fc_pipeline.images.synthesis_config import SynthesisConfig


def kinds(config: SynthesisConfig) -> dict[str, Kind]:
    """{name: kind}; some have settings in the step's config."""
    found = (line_kind(config.line),)
    return {kind.name: kind for kind in found}
