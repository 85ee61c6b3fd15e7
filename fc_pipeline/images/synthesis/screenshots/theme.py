"""Colours of a user interface: light and dark themes around an accent, with text that is legible by construction."""

from __future__ import annotations

import colorsys
import random
from dataclasses import dataclass

from fc_pipeline.images.synthesis.colour import Colour, contrast, luminance

TEXT_CONTRAST = 4.5
"""WCAG 2.1, success criterion 1.4.3: the least contrast of text."""
LARGE_CONTRAST = 3.0
"""The same for large text, here for what is muted, disabled or dimmed."""


@dataclass(frozen=True)
class Theme:
    """What each part of a screen is painted with; `text` on any surface has TEXT_CONTRAST or more."""

    name: str
    """light or dark."""
    desktop: Colour
    window: Colour
    surface: Colour
    """Lists, cards, menus."""
    field: Colour
    bar: Colour
    """Title bar, tool bar, status bar."""
    border: Colour
    text: Colour
    muted: Colour
    accent: Colour
    on_accent: Colour
    link: Colour
    radius: float
    """Of corners, in points."""


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour in the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def readable(colour: Colour, grounds: list[Colour], least: float) -> Colour:
    """The colour moved towards black or white, whichever the grounds need, until each contrast is at least `least`."""
    target: Colour = (0, 0, 0) if luminance(grounds[0]) > 0.18 else (255, 255, 255)
    for step in range(21):
        moved = mix(colour, target, step / 20)
        if min(contrast(moved, ground) for ground in grounds) >= least:
            break
    return moved


def on(ground: Colour) -> Colour:
    """Black or white, whichever reads better on the ground."""
    return max(((255, 255, 255), (16, 16, 16)), key=lambda colour: contrast(colour, ground))


def hue(rng: random.Random, lightness: tuple[float, float], saturation: tuple[float, float]) -> Colour:
    """A colour of any hue."""
    red, green, blue = colorsys.hls_to_rgb(rng.random(), rng.uniform(*lightness), rng.uniform(*saturation))
    return round(red * 255), round(green * 255), round(blue * 255)


def draw_theme(rng: random.Random) -> Theme:
    """A light or dark theme with a tint and an accent of its own."""
    dark = rng.random() < 0.45
    tint = hue(rng, (0.5, 0.5), (0.2, 0.9))
    black: Colour = (0, 0, 0)
    white: Colour = (255, 255, 255)
    if dark:
        base = mix(hue(rng, (0.08, 0.17), (0.0, 0.18)), tint, rng.uniform(0, 0.04))
        window, surface, field, bar = base, mix(base, white, 0.05), mix(base, black, 0.3), mix(base, white, 0.09)
        border, text = mix(base, white, rng.uniform(0.18, 0.3)), mix(white, base, rng.uniform(0.0, 0.15))
    else:
        base = mix(hue(rng, (0.92, 0.98), (0.0, 0.3)), tint, rng.uniform(0, 0.03))
        window, surface, field, bar = base, mix(base, white, 0.7), white, mix(base, black, rng.uniform(0.03, 0.1))
        border, text = mix(base, black, rng.uniform(0.15, 0.32)), mix(black, base, rng.uniform(0.0, 0.2))
    grounds = [window, surface, field, bar]
    accent = hue(rng, (0.35, 0.55), (0.45, 0.95))
    desktop = mix(hue(rng, (0.25, 0.6), (0.15, 0.6)), base, rng.uniform(0.0, 0.5))
    return Theme(
        name="dark" if dark else "light",
        desktop=desktop,
        window=window,
        surface=surface,
        field=field,
        bar=bar,
        border=border,
        text=readable(text, grounds, TEXT_CONTRAST),
        muted=readable(mix(text, base, 0.45), grounds, LARGE_CONTRAST + 0.8),
        accent=accent,
        on_accent=on(accent),
        link=readable(accent, grounds, TEXT_CONTRAST),
        radius=rng.choice((0.0, 2.0, 3.0, 5.0, 8.0)),
    )
