"""What a set's picture becomes in a shard: the bytes as they are where every reader sees the same in them."""

import io

import numpy as np
import pytest
from factories.image_bytes import encoded, picture
from PIL import Image

from fc_model.data.images.decode import decode
from fc_model.data.images.limits import ImageLimits
from fc_pipeline.images.datasets.pictures import fits
from fc_pipeline.images.datasets.pictures import picture as picture_of

UPRIGHT, TURNED = Image.Exif(), Image.Exif()
UPRIGHT[0x0112], TURNED[0x0112] = 1, 6
PLAIN = {
    "JPEG": encoded(picture(), "JPEG"),
    "upright JPEG": encoded(picture(), "JPEG", exif=UPRIGHT.tobytes()),
    "grey PNG": encoded(picture().convert("L"), "PNG"),
    "palette": encoded(picture().quantize(8), "PNG"),
    "WebP": encoded(picture(), "WEBP"),
}
OTHERS = {
    "turned JPEG": encoded(picture(), "JPEG", exif=TURNED.tobytes()),
    "turned PNG": encoded(picture(), "PNG", exif=TURNED.tobytes()),
    "turned WebP": encoded(picture(), "WEBP", exif=TURNED.tobytes()),
    "alpha": encoded(Image.merge("RGBA", (*picture().split(), Image.linear_gradient("L").resize((48, 32)))), "PNG"),
    "transparent palette": encoded(picture().quantize(8), "PNG", transparency=0),
    "transparent colour": encoded(picture().convert("L"), "PNG", transparency=9),
    "16 bits": encoded(Image.fromarray(np.arange(48 * 32, dtype=np.uint16).reshape(32, 48) * 40), "PNG"),
    "CMYK": encoded(picture().convert("CMYK"), "JPEG"),
    "BMP": encoded(picture(), "BMP"),
}


@pytest.mark.parametrize("name", [*PLAIN, *OTHERS])
def test_a_reader_that_knows_nothing_of_ours_sees_the_same(name: str) -> None:
    data = PLAIN.get(name) or OTHERS[name]
    limits = ImageLimits(formats=("PNG", "JPEG", "WEBP", "BMP"))
    stored = picture_of(data, limits)
    shown = np.asarray(Image.open(io.BytesIO(stored.data)).convert("RGB"))
    assert np.array_equal(shown, np.asarray(decode(data, limits=limits)))
    assert (stored.height, stored.width) == shown.shape[:2]
    assert (stored.data == data) == (name in PLAIN) and stored.extension in ("png", "jpg", "webp")


@pytest.mark.parametrize(
    ("text", "size", "can"),
    [
        ("word", (80, 20), True), ("word", (20, 80), True), ("l", (2, 20), True), ("-", (20, 2), True),
        ("ab", (900, 10), False), ("a long text of many letters", (20, 40), False), ("", (20, 20), False),
    ],
)  # fmt: skip
def test_boxes_that_a_word_can_fill(text: str, size: tuple[int, int], can: bool) -> None:
    assert fits(text, (5, 5, 5 + size[0], 5 + size[1])) is can
