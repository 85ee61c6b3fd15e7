"""What a stage with images trains on and for. Imports no torch."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal, Self

from pydantic import Field, model_validator

from fc_model.config.strict import Strict
from fc_model.config.vision import EncoderConfig, FusionConfig

Task = Literal["recognize", "read", "caption", "answer"]
Part = Literal["decoder", "encoder", "fusion"]

MAX_SCALE = 2.0
"""Images that are smaller than their group's size are enlarged at most so many times."""


class CtcHeadConfig(Strict):
    """A head on the encoder that reads lines by connectionist temporal classification; used in training only."""

    rows: int = Field(default=2, gt=0, description="Rows of patches of a line, which one column joins.")
    frames: int = Field(default=4, gt=0, description="Frames that a column of patches gives; characters at most.")


class VisionConfig(Strict):
    """How a model sees: encoder, fusion, and how a transcript becomes tokens."""

    encoder: EncoderConfig = Field(default_factory=EncoderConfig, description="The vision transformer.")
    fusion: FusionConfig = Field(default_factory=FusionConfig, description="From patches to tokens of the decoder.")
    ctc_head: CtcHeadConfig | None = Field(default=None, description="For an encoder from scratch; null with weights.")
    transcripts: Literal["pieces", "characters"] = Field(
        default="pieces", description="As the tokenizer cuts them, or a piece a character: needs far fewer images."
    )
    feature_width: int = Field(default=128, gt=0, description="Width of the features that InfoNCE compares.")

    def recognizes(self, group: ImageGroup) -> bool:
        """Whether there is a CTC head and the images of a group are as high as the lines that it reads."""
        fits = self.ctc_head is not None and group.height == self.ctc_head.rows * self.encoder.patch_size
        return fits and group.pages == 1

    @property
    def token_pixels(self) -> int:
        """Side of the square that becomes one token of the decoder, or one patch of a fusion with queries."""
        return self.encoder.patch_size * self.fusion.pixel_shuffle

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of encoder and fusion; heads that serve training only are not counted."""
        return self.encoder.num_parameters() + self.fusion.num_parameters(self.encoder, hidden_size)


class ImageGroup(Strict):
    """Images that are batched together: of one size, for one task."""

    kinds: list[str] = Field(min_length=1, description="Kinds of image as globs: line, document/*.")
    task: Task = Field(
        description="recognize: the encoder alone reads the line by its CTC head, at a third of the cost."
    )
    height: int = Field(gt=0, description="Pixels; the image keeps its aspect and is padded.")
    width: int = Field(gt=0, description="Pixels.")
    images: int = Field(gt=0, description="Images of one optimizer step.")
    pages: int = Field(default=1, gt=0, description="Images of a sample: 2 takes the samples that have two, alone.")
    text_tokens: int = Field(gt=1, description="Tokens of prompt and answer; what is longer is trained on up to here.")
    augment: float = Field(default=0.0, ge=0, le=1, description="Strength of the changes in training; above 0, shifts.")
    bucket_widths: bool = Field(
        default=False, description="A batch has images of one width, padded to a whole patch instead of to `width`."
    )
    share: float = Field(gt=0, description="Share of the steps, relative to the other groups and to text_share.")

    @property
    def name(self) -> str:
        """For logs: the task and the first kind."""
        return f"{self.task}_{self.kinds[0].replace('/', '_').replace('*', 'all')}"

    def takes(self, kind: str) -> bool:
        return any(fnmatchcase(kind, glob) for glob in self.kinds)

    def scale(self, width: int, height: int) -> float:
        """What the sides of an image of this size are multiplied by to fit in."""
        return min(self.width / width, self.height / height, MAX_SCALE)

    def fitted_width(self, width: int, height: int) -> int:
        """Pixels that an image of this size is wide when it fits in."""
        return max(1, round(width * self.scale(width, height)))

    def bucket(self, width: int, height: int, *, patch: int) -> ImageGroup:
        """The group as an image of this size sees it: with `bucket_widths`, no wider than its whole patches."""
        if not self.bucket_widths:
            return self
        fitted = self.fitted_width(width, height)
        return self.model_copy(update={"width": min(self.width, -(-fitted // patch) * patch)})


class LossWeights(Strict):
    """Weights of the losses on captioned images; both go linearly from start to end."""

    lm: tuple[float, float] = Field(default=(0.8, 0.9), description="Next token: first and last step.")
    contrastive: tuple[float, float] = Field(default=(0.2, 0.1), description="InfoNCE: first and last step.")

    def at(self, progress: float) -> tuple[float, float]:
        """(lm, contrastive) at a share of the stage from 0 to 1."""
        lm, contrastive = (first + (last - first) * progress for first, last in (self.lm, self.contrastive))
        return lm, contrastive


class ImageStageConfig(Strict):
    """The images of a stage, its losses, and what stays as it is."""

    groups: list[ImageGroup] = Field(min_length=1, description="Batches by size and task.")
    text_share: float = Field(default=0.0, ge=0, description="Of the steps: packed text, so that nothing is forgotten.")
    losses: LossWeights = Field(default_factory=LossWeights, description="On captions; other tasks are causal only.")
    recognition: float = Field(default=0.0, ge=0, description="Weight of the CTC head's loss on what is read.")
    alignment: float = Field(default=0.0, ge=0, description="Of telling each frame its character; 0 from halfway on.")
    frozen: list[Part] = Field(default=[], description="Parts that are not trained.")
    unfreeze_encoder_layers: int = Field(default=0, ge=0, description="Last blocks of a frozen encoder, trained late.")
    unfreeze_at: float = Field(default=0.8, ge=0, le=1, description="Share of the stage after which they are.")
    queue_size: int = Field(default=1024, ge=0, description="Features of earlier batches that are negatives as well.")
    temperature: float = Field(default=0.07, ge=0.01, description="Of InfoNCE at the start; it is learnt.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.unfreeze_encoder_layers and "encoder" not in self.frozen:
            raise ValueError("unfreeze_encoder_layers has no use: the encoder is not frozen; remove it or freeze it")
        if set(self.frozen) == {"decoder", "encoder", "fusion"}:
            raise ValueError("frozen: every part is, so there is nothing to train: take one away")
        if "decoder" in self.frozen and self.text_share > 0:
            raise ValueError("text_share has no use: the decoder is frozen; set it to 0, or train the decoder")
        if self.recognition == 0 and any(group.task == "recognize" for group in self.groups):
            raise ValueError("recognition is 0, so task recognize would learn nothing: set it to 1, or take task read")
        if self.recognition == 0 and self.alignment > 0:
            raise ValueError("alignment belongs to the CTC head: set recognition as well, or alignment to 0")
        names = [group.name for group in self.groups]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"groups: two are called {', '.join(twice)}: join them, or begin with another kind")
        return self

    def check_vision(self, vision: VisionConfig, *, hidden_size: int, context_length: int) -> None:
        """Raise ValueError, naming the setting, where encoder and fusion, or the decoder behind them, cannot do it."""
        vision.fusion.check_widths(vision.encoder, hidden_size)
        layers = vision.encoder.num_layers
        if self.unfreeze_encoder_layers > layers:
            raise ValueError(f"unfreeze_encoder_layers ({self.unfreeze_encoder_layers}): the encoder has {layers}")
        if self.recognition > 0 and not any(
            group.task in ("read", "recognize") and vision.recognizes(group) for group in self.groups
        ):
            raise ValueError(
                "recognition has no use: no group reads lines for vision.ctc_head, "
                "ctc_head.rows x patch_size pixels high; add one, or set recognition to 0"
            )
        for number, group in enumerate(self.groups):
            try:
                grid = vision.encoder.grid(group.height, group.width)
                tokens = 1 + group.pages * (2 + vision.fusion.num_tokens(grid)) + group.text_tokens
            except ValueError as error:
                raise ValueError(f"groups[{number}]: {error}") from None
            if tokens > context_length:
                raise ValueError(
                    f"groups[{number}]: {tokens} tokens exceed the model's context_length ({context_length}): lower "
                    "text_tokens or the size"
                )
            if group.task == "recognize" and not vision.recognizes(group):
                raise ValueError(
                    f"groups[{number}]: task recognize needs vision.ctc_head and a height of its rows x patch_size: "
                    "set these, or take task read"
                )

    @property
    def shares(self) -> list[float]:
        """Share of the steps of each group, and of text last; they sum to 1."""
        shares = [group.share for group in self.groups] + [self.text_share]
        return [share / sum(shares) for share in shares]
