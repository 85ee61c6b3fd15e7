"""Settings of one training stage: what matters to its result, and so to its identity. Imports no torch."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from fc_model.config.image_stage import ImageStageConfig
from fc_model.config.lora import LoraConfig
from fc_model.config.strict import Strict


class ScheduleConfig(Strict):
    """Learning rate over the steps of a stage, as a factor of the peak."""

    kind: Literal["cosine", "wsd"] = Field(
        default="cosine", description="cosine decay, or warm-up / stable / decay (1/80/19 percent by default)."
    )
    warmup_steps: int | None = Field(
        default=None, ge=0, description="Steps of linear warm-up; null takes min(2,000, 2%) for cosine, 1% for wsd."
    )
    min_lr_ratio: float = Field(default=0.1, ge=0, le=1, description="Last learning rate over the peak.")
    decay_fraction: float = Field(default=0.19, gt=0, le=1, description="wsd: share of the steps that decay.")
    decay_shape: Literal["linear", "sqrt"] = Field(
        default="sqrt", description="wsd: linear, or 1 - sqrt(progress), which falls faster at first."
    )


class OptimizerConfig(Strict):
    """AdamW for everything, or Muon or NorMuon for the matrices of the blocks and AdamW for the rest."""

    kind: Literal["adamw", "muon", "normuon"] = Field(
        default="adamw", description="adamw; muon or normuon with adamw beside it."
    )
    betas: tuple[float, float] = Field(default=(0.9, 0.95), description="Decay of AdamW's two moments.")
    eps: float = Field(default=1e-8, gt=0, description="Epsilon of AdamW.")
    weight_decay: float = Field(default=0.1, ge=0, description="Decoupled weight decay; never on norms and biases.")
    embedding_lr: float | None = Field(default=None, gt=0, description="Peak for the embedding; null takes lr.")
    head_lr: float | None = Field(default=None, gt=0, description="Peak for an untied head; null takes lr.")
    muon_lr: float | None = Field(default=None, gt=0, description="Peak for matrices; muon and normuon require it.")
    vision_lr: float | None = Field(default=None, gt=0, description="AdamW's for encoder, fusion, heads; null: lr.")
    vision_muon_lr: float | None = Field(default=None, gt=0, description="Peak of encoder and fusion; null: muon_lr.")
    muon_momentum: float = Field(default=0.95, ge=0, lt=1, description="Nesterov momentum of muon.")
    muon_weight_decay: float = Field(default=0.0, ge=0, description="Decoupled weight decay on muon's matrices.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas {self.betas} leave [0, 1): take for instance [0.9, 0.95]")
        if self.kind != "adamw" and self.muon_lr is None:
            raise ValueError(f"muon_lr is missing for kind {self.kind}: set it, 0.02 is usual")
        if self.kind == "adamw" and self.muon_lr is not None:
            raise ValueError(f"muon_lr ({self.muon_lr}) has no use for kind adamw: remove it or set kind to muon")
        return self


class PlateauConfig(Strict):
    """Early stop: the held-out loss improves too little over several windows of evaluations in a row."""

    window: int = Field(default=1, gt=0, description="Evaluations that are averaged into one window.")
    min_improvement: float = Field(default=0.03, gt=0, lt=1, description="Least relative fall from window to window.")
    windows: int = Field(default=2, gt=0, description="Windows in a row without progress that stop the stage.")


class SpikeConfig(Strict):
    """A loss far above the recent ones, by their median and median absolute deviation (Leys et al. 2013)."""

    action: Literal["skip", "record"] = Field(
        default="skip", description="skip: no update, as for a loss that is not finite; record: update, and count it."
    )
    window: int = Field(
        default=64, ge=8, description="Steps before it that it is compared with; none is judged before."
    )
    deviations: float = Field(default=10.0, gt=0, description="Standard deviations above the median that are a spike.")


def _is_none(value: Any) -> bool:
    """Left out of the recipe of a stage that does not use the field, whose identity stays as it was without it."""
    return value is None


class StageConfig(Strict):
    """One stage of training: everything that its result depends on, beside the model, data and start."""

    name: str = Field(min_length=1, description="Name of the stage, unique in its track.")
    kind: Literal["pretrain", "overfit", "multimodal", "sft"] = Field(
        default="pretrain",
        description="overfit: cycle over few tokens; multimodal: images and text, see `images`; "
        "sft: the assistant's tokens of conversations.",
    )
    steps: int | None = Field(default=None, gt=0, description="Optimizer steps; give this or tokens.")
    tokens: int | None = Field(default=None, gt=0, description="Token budget, rounded up to whole steps.")
    overfit_tokens: int | None = Field(default=None, gt=0, description="overfit: cycled tokens, rounded up to batches.")
    seq_len: int = Field(gt=0, description="Tokens of one training window.")
    batch_tokens: int = Field(gt=0, description="Tokens of one optimizer step, over all devices and micro-batches.")
    first_batch: int = Field(default=0, ge=0, description="Batch to read on from; the graph sets it.")
    split: str = Field(default="train", pattern="^train", description="Split of the shards; the graph sets it.")
    images: ImageStageConfig | None = Field(default=None, description="multimodal: what is seen, and for what.")
    text_share: float | None = Field(
        default=None, gt=0, lt=1, exclude_if=_is_none,
        description="sft: share of the steps that read packed text, so that it is not forgotten; null: none.",
    )  # fmt: skip
    dropout: float | None = Field(
        default=None, ge=0, lt=1, exclude_if=_is_none, description="Of this stage; null: the model's."
    )
    lora: LoraConfig | None = Field(
        default=None, exclude_if=_is_none, description="Train an adapter; null: all weights are trained."
    )
    document_mask: bool = Field(default=True, description="Attention never crosses a document border.")
    lr: float = Field(gt=0, description="Peak learning rate of AdamW.")
    schedule: ScheduleConfig = Field(default_factory=ScheduleConfig, description="Course of the learning rates.")
    optimizer: OptimizerConfig = Field(default_factory=OptimizerConfig, description="Optimizer and its groups.")
    clip_norm: float | None = Field(default=1.0, gt=0, description="Norm the whole gradient is clipped to; null: none.")
    ema_decay: float = Field(default=0.999, ge=0, lt=1, description="Decay of the averaged weights, a step.")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        default="auto", description="Autocast over fp32 weights; auto: bf16 where faster, else fp16 on CUDA, else fp32."
    )
    gradient_checkpointing: bool = Field(default=False, description="Recompute each block in the backward pass.")
    eval_every: int | None = Field(default=None, gt=0, description="Steps between held-out losses; null: end only.")
    eval_tokens: int = Field(default=65_536, gt=0, description="Size of the fixed held-out sample, in tokens.")
    checkpoint_every: int = Field(default=500, gt=0, description="Steps between checkpoints.")
    plateau: PlateauConfig | None = Field(default=None, description="Early stop; null for none.")
    spike: SpikeConfig | None = Field(default=None, description="What a sudden rise of the loss does; null: nothing.")
    max_bad_steps: int = Field(default=3, gt=0, description="Steps without an update in a row: back to the checkpoint.")
    seed: int = Field(default=0, ge=0, lt=2**63, description="Seed of the initial weights, data order and dropout.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.steps is None) == (self.tokens is None):
            raise ValueError(f"stage {self.name}: give exactly one of steps and tokens")
        if self.batch_tokens % self.seq_len:
            lower = max(self.batch_tokens // self.seq_len, 1) * self.seq_len
            raise ValueError(
                f"stage {self.name}: batch_tokens ({self.batch_tokens}) is no multiple of seq_len ({self.seq_len}): "
                f"set it to {lower}"
            )
        if (self.kind == "overfit") != (self.overfit_tokens is not None):
            raise ValueError(f"stage {self.name}: overfit_tokens belongs to kind overfit, and only there")
        if (self.kind == "multimodal") != (self.images is not None):
            raise ValueError(f"stage {self.name}: images belongs to kind multimodal, and only there")
        if self.text_share is not None and self.kind != "sft":
            raise ValueError(f"stage {self.name}: text_share belongs to kind sft; images have their own")
        if self.kind == "multimodal" and self.steps is None:
            raise ValueError(f"stage {self.name}: give steps, since its batches differ in tokens")
        if (warmup := self.schedule.warmup_steps) is not None and warmup > self.num_steps:
            raise ValueError(
                f"stage {self.name}: warmup_steps ({warmup}) exceeds steps ({self.num_steps}): "
                "lower it; at most 2% of the steps is usual"
            )
        if self.schedule.kind == "wsd" and self.num_warmup_steps + self.num_decay_steps > self.num_steps:
            raise ValueError(
                f"stage {self.name}: warmup_steps ({self.num_warmup_steps}) and decay_fraction "
                f"({self.schedule.decay_fraction}) exceed steps ({self.num_steps}): lower either"
            )
        if self.plateau is not None and self.eval_every is None:
            raise ValueError(f"stage {self.name}: plateau needs eval_every: set it, or set plateau to null")
        if self.lora is not None:
            self._check_lora(self.lora)
        return self

    def _check_lora(self, lora: LoraConfig) -> None:
        """Raise ValueError where there is no base to adapt, or a setting that an adapter has no use for."""
        whys = {
            "overfit": "the stage begins with fresh weights, so there is nothing to adapt",
            "multimodal": "the decoder of a stage with images is trained whole, or frozen (images.frozen)",
        }
        if why := whys.get(self.kind):
            raise ValueError(f"stage {self.name}: lora has no use in kind {self.kind}, {why}: take it away")
        if self.optimizer.kind != "adamw":
            raise ValueError(
                f"stage {self.name}: lora is trained by AdamW, optimizer.kind is {self.optimizer.kind}: set it to adamw"
            )
        rates = ("vision_lr", "vision_muon_lr", *(() if lora.embeddings else ("embedding_lr", "head_lr")))
        if idle := [name for name in rates if getattr(self.optimizer, name) is not None]:
            raise ValueError(
                f"stage {self.name}: optimizer.{', optimizer.'.join(idle)} would be of weights that lora freezes: "
                "set to null, lr is the adapter's"
            )

    @property
    def num_steps(self) -> int:
        return self.steps if self.steps is not None else math.ceil((self.tokens or 0) / self.batch_tokens)

    @property
    def trains_decoder(self) -> bool:
        """False where text is computed after the stage as before it."""
        return self.images is None or "decoder" not in self.images.frozen

    @property
    def window_steps(self) -> int:
        """Steps on windows of tokens, be it text or conversations: all of them, but for a stage with images."""
        if self.images is None:
            return self.num_steps
        return math.ceil(self.images.shares[-1] * self.num_steps)

    @property
    def text_steps(self) -> int:
        """Steps on packed text."""
        if self.kind == "sft":
            return math.ceil((self.text_share or 0.0) * self.num_steps)
        return self.window_steps

    @property
    def text_tokens(self) -> int:
        return self.text_steps * self.batch_tokens

    @property
    def batch_size(self) -> int:
        """Windows of one optimizer step."""
        return self.batch_tokens // self.seq_len

    @property
    def num_warmup_steps(self) -> int:
        """Steps of warm-up, the default of the schedule resolved."""
        if self.schedule.warmup_steps is not None:
            return self.schedule.warmup_steps
        share = 0.02 if self.schedule.kind == "cosine" else 0.01
        return min(2000, math.ceil(share * self.num_steps))

    @property
    def num_decay_steps(self) -> int:
        """wsd: steps of the last phase."""
        return max(1, round(self.schedule.decay_fraction * self.num_steps))
