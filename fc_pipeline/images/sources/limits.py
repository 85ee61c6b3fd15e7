"""The caps of a source, as the decoder of images takes them."""

from fc_model.data.images.limits import DECODABLE_FORMATS, ImageLimits
from fc_pipeline.images.sources.schema import ImageSource


def limits_of(source: ImageSource) -> ImageLimits:
    """Formats are those that `decode` can open: pictures of packages are in many."""
    return ImageLimits(
        max_bytes=source.caps.max_file_bytes,
        max_pixels=source.caps.max_pixels,
        min_side=source.caps.min_side,
        formats=DECODABLE_FORMATS,
    )
