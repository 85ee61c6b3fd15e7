"""What a track says of its mixture of images. Globs are those of fnmatch: `*` also matches slashes."""

from fnmatch import fnmatchcase
from typing import Self

from pydantic import Field, model_validator

from fc_model.config.strict import Strict
from fc_model.errors import UserError


class Take(Strict):
    """How many samples of some kinds go in; with neither `samples` nor `weight`, all of them."""

    kind: str = Field(default="*", description="Glob over the kinds of images, such as line or document/*.")
    input: str = Field(default="*", description="Glob over the inputs' roles, such as synthetic.")
    samples: int | None = Field(default=None, ge=0, description="Training samples at most, over all of these kinds.")
    weight: float | None = Field(default=None, gt=0, description="Share of the mixture's `samples`, in any unit.")
    holdout_samples: int | None = Field(default=None, ge=0, description="Held-out samples at most; null takes all.")

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.samples is not None and self.weight is not None:
            raise ValueError(f"take of {self.kind!r} has both samples and weight: give one")
        return self

    def matches(self, *, role: str, kind: str) -> bool:
        return fnmatchcase(role, self.input) and fnmatchcase(kind, self.kind)


class ImageSize(Strict):
    """The size to which training brings images of some kinds."""

    kind: str = Field(default="*", description="Glob over the kinds of images.")
    height: int = Field(gt=0, description="Pixels.")
    width: int = Field(gt=0, description="Pixels.")


class PackConfig(Strict):
    """What the images of a track hold."""

    take: list[Take] = Field(default=[Take()], min_length=1, description="The first rule that fits an image counts.")
    samples: int | None = Field(default=None, gt=0, description="Training samples of the rules with a weight together.")
    sizes: list[ImageSize] = Field(min_length=1, description="Size by kind; the first that fits counts.")
    patch_size: int = Field(default=16, gt=0, description="Pixels of a patch's side: a patch is a vision token.")
    max_natural_share: float = Field(default=0.65, ge=0, le=1, description="Of the vision tokens; more is dropped.")
    min_text_share: float = Field(default=0.35, ge=0, le=1, description="Of vision tokens; natural images give way.")
    holdout_share: float = Field(default=0.05, ge=0, lt=1, description="Held out, by id, of inputs without a holdout.")
    shard_bytes: int = Field(default=64 << 20, gt=0, description="Bytes of a tar.")
    seed: int = Field(default=0, ge=0, description="Changes which samples are taken, and their order.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        weighted = [rule.kind for rule in self.take if rule.weight is not None]
        if weighted and self.samples is None:
            raise ValueError(f"take of {weighted[0]!r} has a weight: say in `samples` of how many")
        if self.samples is not None and not weighted:
            raise ValueError("samples is shared out by weight, but no rule of `take` has one")
        for size in self.sizes:
            if size.height % self.patch_size or size.width % self.patch_size:
                raise ValueError(
                    f"size of {size.kind!r}: {size.height} x {size.width} is not whole patches of {self.patch_size}"
                )
        return self

    def size(self, kind: str) -> ImageSize | None:
        """The first that fits the kind."""
        return next((size for size in self.sizes if fnmatchcase(kind, size.kind)), None)

    def vision_tokens(self, *, kind: str, num_images: int) -> int:
        """Patches of all images of a sample, at the size to which training brings its kind.

        Raises:
            UserError: no size is given for the kind.
        """
        size = self.size(kind)
        if size is None:
            raise UserError(
                f"images: no size is given for kind {kind!r}; add one to `sizes`, with kind '*' for all others"
            )
        return num_images * (size.height // self.patch_size) * (size.width // self.patch_size)

    def rule(self, *, role: str, kind: str) -> int | None:
        """Number of the first rule that fits, None when none does."""
        return next((n for n, rule in enumerate(self.take) if rule.matches(role=role, kind=kind)), None)

    def quota(self, number: int) -> int | None:
        """Training samples that a rule asks for; None for all there are."""
        rule = self.take[number]
        if rule.weight is None or self.samples is None:
            return rule.samples
        return round(self.samples * rule.weight / sum(other.weight or 0 for other in self.take))
