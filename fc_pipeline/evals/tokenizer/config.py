"""Settings of the comparison of tokenizers."""

from pydantic import Field

from fc_pipeline.tokens.config import TokensFields


class TokenizerEvalFields(TokensFields):
    """The public tokenizers that a track's own is compared with."""

    public_tokenizers: list[str] = Field(
        default=[],
        description="Names in fc_pipeline/evals/tokenizer/catalog, to compare the tokenizer with; none by default.",
    )
