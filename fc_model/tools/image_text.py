"""Optical character recognition of an image in the folder, by the model that holds the conversation."""

import io
from importlib import import_module

from fc_model.tools.folder import Folder
from fc_model.tools.tool import NAME, TEXT, ImageToRead, Tool, ToolError, described, record

_MAX_BYTES = 8 << 20
_MAX_PIXELS = 2_000_000
"""Decoded and written again within the caps of a call, whatever the image holds."""


def prepare() -> None:
    """Import all that reads images, so that no call is charged with it."""
    import_module("fc_model.data.images.decode")
    import_module("PIL.Image").init()


def read_image(folder: Folder, path: str) -> ImageToRead:
    """Raises ToolError for what is no image, and for one that is refused (fc_model/data/images/decode.py)."""
    from fc_model.data.images.decode import BadImage, decode
    from fc_model.data.images.limits import ImageLimits

    try:
        image = decode(folder.read(path, most=_MAX_BYTES), limits=ImageLimits(max_pixels=_MAX_PIXELS))
    except BadImage as error:
        raise ToolError(f"no PNG, JPEG or WebP that can be read ({error})") from error
    png = io.BytesIO()
    image.save(png, "PNG", compress_level=1)
    return ImageToRead(png.getvalue())


TOOLS = (
    Tool(
        name="read_image",
        description="Reads the text in an image file.",
        parameters=record({"path": described(NAME, "a PNG, JPEG or WebP of the folder")}),
        executor=read_image,
        result=record({"text": TEXT}),
        uses="folder",
    ),
)
