"""Colours of a user interface: light and dark themes around an accent, with text that is legible by construction."""

import random
from dataclasses import dataclass

from fc_pipeline.images.synthesis.colour import BLACK, LARGE_CONTRAST, WHITE, Colour, any_hue, mix, on, readable


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


def draw_theme(rng: random.Random) -> Theme:
    """A light or dark theme with a tint and an accent of its own."""
    dark = rng.random() < 0.45
    tint = any_hue(rng, (0.5, 0.5), (0.2, 0.9))
    if dark:
        base = mix(any_hue(rng, (0.08, 0.17), (0.0, 0.18)), tint, rng.uniform(0, 0.04))
        window, surface, field, bar = base, mix(base, WHITE, 0.05), mix(base, BLACK, 0.3), mix(base, WHITE, 0.09)
        border, text = mix(base, WHITE, rng.uniform(0.18, 0.3)), mix(WHITE, base, rng.uniform(0.0, 0.15))
    else:
        base = mix(any_hue(rng, (0.92, 0.98), (0.0, 0.3)), tint, rng.uniform(0, 0.03))
        window, surface, field, bar = base, mix(base, WHITE, 0.7), WHITE, mix(base, BLACK, rng.uniform(0.03, 0.1))
        border, text = mix(base, BLACK, rng.uniform(0.15, 0.32)), mix(BLACK, base, rng.uniform(0.0, 0.2))
    grounds = [window, surface, field, bar]
    accent = any_hue(rng, (0.35, 0.55), (0.45, 0.95))
    desktop = mix(any_hue(rng, (0.25, 0.6), (0.15, 0.6)), base, rng.uniform(0.0, 0.5))
    return Theme(
        name="dark" if dark else "light",
        desktop=desktop,
        window=window,
        surface=surface,
        field=field,
        bar=bar,
        border=border,
        text=readable(text, grounds),
        muted=readable(mix(text, base, 0.45), grounds, LARGE_CONTRAST + 0.8),
        accent=accent,
        on_accent=on(accent),
        link=readable(accent, grounds),
        radius=rng.choice((0.0, 2.0, 3.0, 5.0, 8.0)),
    )
