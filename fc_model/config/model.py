"""Shape of a decoder, as a track declares it. Read when Dagster loads its definitions, so it imports no torch."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from fc_model.config.strict import Strict

MAX_CONTENT_TURN = 2.5
"""Radians over a whole context below which a rotary pair compares content: it turns by less than half a circle."""


class ModelConfig(Strict):
    """A decoder-only transformer of the Llama family."""

    vocab_size: int = Field(gt=0, description="Entries of the token embedding, special tokens included.")
    num_layers: int = Field(gt=0, description="Decoder blocks.")
    hidden_size: int = Field(gt=0, description="Width of the residual stream.")
    num_heads: int = Field(gt=0, description="Query heads.")
    num_kv_heads: int = Field(gt=0, description="Key and value heads (GQA); must divide num_heads.")
    head_dim: int = Field(gt=0, description="Width of one head; even, since RoPE rotates pairs.")
    intermediate_size: int = Field(gt=0, description="Width of the SwiGLU layer.")
    context_length: int = Field(gt=0, description="Longest sequence that the model is meant for, in tokens.")
    tie_embeddings: bool = Field(default=True, description="The head shares the weights of the token embedding.")
    rope_theta: float = Field(default=10_000.0, gt=0, description="Base of the rotary frequencies.")
    norm_eps: float = Field(default=1e-5, gt=0, description="Epsilon of RMSNorm.")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Dropout after attention and MLP, in training only.")
    position: Literal["rope", "alibi"] = Field(default="rope", description="alibi: an ablation that exporters refuse.")
    embedding_init_std: float = Field(default=0.02, gt=0, description="Standard deviation of fresh token embeddings.")
    head_init_std: float = Field(default=0.0, ge=0, description="Of an untied head; 0 starts at uniform odds.")
    zero_init_outputs: bool = Field(default=True, description="Output projections start at 0: blocks are identities.")
    induction_init: bool = Field(
        default=False, description="First heads start looking 1 and 2 tokens back, one after them as induction head."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.num_heads % self.num_kv_heads:
            raise ValueError(
                f"num_kv_heads ({self.num_kv_heads}) does not divide num_heads ({self.num_heads}): "
                "take a divisor, 1 for multi-query"
            )
        if self.head_dim % 2:
            raise ValueError(f"head_dim ({self.head_dim}) is odd: take an even one, RoPE rotates pairs of dimensions")
        if self.induction_init and not self._has_room_for_induction():
            raise ValueError(
                "induction_init needs rope, two layers, head_dim no wider than hidden_size, and rotary pairs that turn "
                "less than 2.5 radians over context_length: set it to false, or raise head_dim or rope_theta"
            )
        return self

    def _has_room_for_induction(self) -> bool:
        return (
            self.position == "rope"
            and self.num_layers > 1
            and self.head_dim <= self.hidden_size
            and self.slowest_frequency * self.context_length < MAX_CONTENT_TURN
        )

    @property
    def slowest_frequency(self) -> float:
        """Radians a position of the last rotary pair, the last of `fc_model.model.rope.rope_frequencies`."""
        return float(self.rope_theta ** -((self.head_dim - 2) / self.head_dim))

    @property
    def projections(self) -> dict[str, tuple[int, int]]:
        """Inputs and outputs of the matrices of a block, by name."""
        width, key_width = self.num_heads * self.head_dim, self.num_kv_heads * self.head_dim
        return {
            "q_proj": (self.hidden_size, width),
            "k_proj": (self.hidden_size, key_width),
            "v_proj": (self.hidden_size, key_width),
            "o_proj": (width, self.hidden_size),
            "gate_proj": (self.hidden_size, self.intermediate_size),
            "up_proj": (self.hidden_size, self.intermediate_size),
            "down_proj": (self.intermediate_size, self.hidden_size),
        }

    def num_parameters(self) -> int:
        """Number of parameters; a tied head counts once."""
        block = sum(inputs * outputs for inputs, outputs in self.projections.values()) + 2 * self.hidden_size
        return self.num_embeddings() + self.num_layers * block + self.hidden_size

    def num_embeddings(self) -> int:
        """Number of parameters of embedding and head."""
        return self.vocab_size * self.hidden_size * (1 if self.tie_embeddings else 2)

    def flops_per_token(self, seq_len: int, *, frozen: bool = False) -> int:
        """Floating point operations of one forward and backward pass, per token.

        Six per weight of a matrix product (two forward, four backward; the embedding look-up is none) plus the
        attention scores and values, 12 x layers x heads x head_dim x seq_len, halved because causal. Four per weight
        where the weights are `frozen`, and the backward pass only goes through them.
        Source: Chowdhery et al. 2022 (PaLM), appendix B.
        """
        norms = (2 * self.num_layers + 1) * self.hidden_size
        lookups = 0 if self.tie_embeddings else self.vocab_size * self.hidden_size
        matrices = self.num_parameters() - norms - lookups
        return (4 if frozen else 6) * matrices + 6 * self.num_layers * self.num_heads * self.head_dim * seq_len
