"""Screenshots of RICO, which several sets annotate by their number: `combined/<number>.jpg` of unique_uis.tar.gz."""

from pathlib import Path

from fc_model.data.images.limits import ImageLimits
from fc_pipeline.images.datasets.pictures import Picture, picture_file


def screenshot(folder: Path, number: str, limits: ImageLimits) -> Picture:
    """Raises BadInput when it is missing or cannot be decoded."""
    return picture_file(folder, f"combined/{number}.jpg", f"rico/combined/{number}.jpg", limits=limits)
