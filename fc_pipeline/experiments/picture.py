"""The chart of an experiment: each variant's difference to the baseline, and the noise."""

import io
from collections.abc import Mapping

from fc_pipeline.experiments.comparison import Better, Compared, Noise

_COLOURS = {"better": "#2b8a3e", "worse": "#c92a2a"}
_SIDES: dict[Better, str] = {"less": "left", "more": "right"}
_GREY = "#868e96"


def picture(
    variants: Mapping[str, Compared], noise: Noise, *, metric: str, title: str, better: Better = "less"
) -> bytes:
    """PNG: a row a variant, a ring a seed, a disc for their mean; the band is the noise."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 0.9 + 0.34 * len(variants)), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    if noise.limit is not None:
        axes.axvspan(-noise.limit, noise.limit, color=_GREY, alpha=0.15, linewidth=0)
    axes.axvline(0, color=_GREY, linewidth=0.8)
    names = list(variants)[::-1]
    for row, name in enumerate(names):
        variant = variants[name]
        colour = _COLOURS.get(variant.verdict, _GREY)
        axes.scatter(variant.differences, [row] * len(variant.differences), s=28, facecolors="none", edgecolors=colour)
        axes.scatter([variant.difference], [row], s=44, color=colour)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(f"{metric} less the baseline's ({_SIDES[better]} is better; the band is the noise)")
    axes.set_title(title, loc="left")
    axes.grid(axis="x", alpha=0.25)
    axes.spines[["top", "right", "left"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
