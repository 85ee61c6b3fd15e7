"""Smooth corners and small icons, as coverage masks that are drawn four times too large and averaged once."""

from functools import lru_cache

from PIL import Image, ImageDraw

FINER = 4
GRID = 24
"""Icons are drawn on a square of this many units."""

# Each icon is a list of strokes: open lines by their points, shapes as ("fill" or "ring", points).
Stroke = tuple[str, tuple[float, ...]]
ICONS: dict[str, tuple[Stroke, ...]] = {
    "check": (("line", (5, 12.5, 10, 17.5, 19, 7)),),
    "cross": (("line", (6, 6, 18, 18)), ("line", (18, 6, 6, 18))),
    "minus": (("line", (5, 12, 19, 12)),),
    "plus": (("line", (5, 12, 19, 12)), ("line", (12, 5, 12, 19))),
    "square": (("line", (6, 6, 18, 6, 18, 18, 6, 18, 6, 6)),),
    "right": (("line", (9, 5, 16, 12, 9, 19)),),
    "left": (("line", (15, 5, 8, 12, 15, 19)),),
    "down": (("line", (5, 9, 12, 16, 19, 9)),),
    "up": (("line", (5, 15, 12, 8, 19, 15)),),
    "menu": (("line", (4, 6, 20, 6)), ("line", (4, 12, 20, 12)), ("line", (4, 18, 20, 18))),
    "search": (("ring", (4, 4, 16, 16)), ("line", (14.5, 14.5, 21, 21))),
    "folder": (("fill", (2, 5, 9, 5, 11, 8, 22, 8, 22, 20, 2, 20)),),
    "file": (("line", (6, 3, 14, 3, 19, 8, 19, 21, 6, 21, 6, 3)), ("line", (13, 3, 13, 9, 19, 9))),
    "image": (("line", (3, 5, 21, 5, 21, 19, 3, 19, 3, 5)), ("fill", (5, 18, 10, 11, 13, 14, 16, 10, 20, 18))),
    "save": (("line", (4, 4, 17, 4, 20, 7, 20, 20, 4, 20, 4, 4)), ("fill", (8, 13, 16, 13, 16, 20, 8, 20))),
    "play": (("fill", (7, 4, 20, 12, 7, 20)),),
    "home": (("fill", (2, 12, 12, 3, 22, 12, 19, 12, 19, 21, 5, 21, 5, 12)),),
    "user": (("disc", (8, 3, 16, 11)), ("fill", (4, 21, 5, 15, 9, 13, 15, 13, 19, 15, 20, 21))),
    "star": (("fill", (12, 2, 15, 9, 22, 9.5, 16.5, 14, 18.5, 21, 12, 17, 5.5, 21, 7.5, 14, 2, 9.5, 9, 9)),),
    "bell": (("fill", (5, 18, 7, 14, 7, 9, 10, 5, 14, 5, 17, 9, 17, 14, 19, 18)), ("disc", (10, 18, 14, 22))),
    "disc": (("disc", (0, 0, 24, 24)),),
    "warning": (("fill", (12, 2, 23, 22, 1, 22)),),
    "cursor": (("fill", (4, 1, 4, 20, 8.5, 16, 11.5, 23, 14.5, 21.8, 11.5, 15, 18, 15)),),
}


@lru_cache(maxsize=4096)
def icon(name: str, size: int) -> Image.Image:
    """Coverage of an icon, size by size pixels."""
    large = Image.new("L", (size * FINER, size * FINER))
    draw = ImageDraw.Draw(large)
    unit = size * FINER / GRID
    width = max(round(2.2 * unit), round(1.1 * FINER))
    for how, units in ICONS[name]:
        points = [value * unit for value in units]
        if how == "line":
            draw.line(points, fill=255, width=width, joint="curve")
        elif how == "fill":
            draw.polygon(points, fill=255)
        elif how == "disc":
            draw.ellipse(points, fill=255)
        else:
            draw.ellipse(points, outline=255, width=width)
    return large.reduce(FINER)


@lru_cache(maxsize=64)
def _corner(radius: int) -> Image.Image:
    large = Image.new("L", (radius * FINER, radius * FINER))
    ImageDraw.Draw(large).ellipse((0, 0, 2 * radius * FINER - 1, 2 * radius * FINER - 1), fill=255)
    return large.reduce(FINER)


def rounded(width: int, height: int, radius: int) -> Image.Image:
    """Coverage of a rectangle with round corners; sizes in pixels."""
    mask = Image.new("L", (width, height), 255)
    radius = min(radius, width // 2, height // 2)
    if radius:
        corner = _corner(radius)
        for place in ((0, 0), (width - radius, 0), (width - radius, height - radius), (0, height - radius)):
            mask.paste(corner, place)
            corner = corner.transpose(Image.Transpose.ROTATE_270)
    return mask
