"""Settings of the exports."""

from typing import Literal

from pydantic import Field

from fc_model.config.parity import ParityConfig
from fc_model.config.strict import Strict
from fc_pipeline.tokens.config import TokensFields


class GgufConfig(Strict):
    """Files for llama.cpp."""

    quantizations: list[Literal["f32", "f16", "bf16", "q8_0"]] = Field(
        default=["f16", "q8_0"], min_length=1, description="One file each."
    )


class ExportsConfig(Strict):
    """The formats and their settings."""

    gguf: GgufConfig = Field(default_factory=GgufConfig, description="Files for llama.cpp.")


class ExportFields(TokensFields):
    """Settings of the exports and of their comparison."""

    exports: ExportsConfig = Field(default_factory=ExportsConfig, description="Formats for other runtimes.")
    parity: ParityConfig = Field(default_factory=ParityConfig, description="Comparison of the exports with torch.")
