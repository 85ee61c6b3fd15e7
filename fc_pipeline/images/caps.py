"""Caps of a mixture of images, counted in vision tokens: how much of it may be natural images."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from fc_model.errors import UserError
from fc_pipeline.images.pack_config import PackConfig
from fc_pipeline.images.pack_order import Row

NATURAL = "natural"


def vision_tokens(config: PackConfig, *, kind: str, num_images: int) -> int:
    """Patches of all images of a sample, at the size to which training brings its kind.

    Raises:
        UserError: no size is given for the kind.
    """
    for size in config.sizes:
        if fnmatchcase(kind, size.kind):
            return num_images * (size.height // config.patch_size) * (size.width // config.patch_size)
    raise UserError(f"images: no size is given for kind {kind!r}; add one to `sizes`, with kind '*' for all others")


def natural_share(rows: Sequence[Row]) -> float:
    """Share of the vision tokens that are of natural images; the others are text-heavy. 0 for no rows."""
    natural = sum(row.tokens for row in rows if row.family == NATURAL)
    return natural / max(1, sum(row.tokens for row in rows))


def within_caps(rows: Sequence[Row], config: PackConfig) -> list[Row]:
    """The rows without the last natural ones that go beyond the caps, in the same order.

    With T tokens of text-heavy images and natural ones of at most the share c, c / (1 - c) T natural tokens fit.

    Raises:
        UserError: natural images are capped, and there is nothing else.
    """
    cap = min(config.max_natural_share, 1 - config.min_text_share)
    text = sum(row.tokens for row in rows if row.family != NATURAL)
    if cap == 1 or text == sum(row.tokens for row in rows):
        return list(rows)
    if text == 0:
        raise UserError(
            f"images: all {len(rows):,} training images are natural, but at most {cap:.0%} of the vision tokens may "
            "be; add images with text (lines, documents), or raise max_natural_share and lower min_text_share"
        )
    kept, natural = [], 0
    for row in rows:
        if row.family == NATURAL:
            # Compared as the share itself, so that what is kept passes a gate on the same number.
            if natural + row.tokens > cap * (natural + row.tokens + text):
                continue
            natural += row.tokens
        kept.append(row)
    return kept
