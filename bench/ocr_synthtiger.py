"""synthtiger's side: `PYTHON -m bench.ocr_synthtiger SIDE TASK FOLDER`, PYTHON being that of its environment.

The wheel has components and no template, so here are two of the kind of its `multiline` example: layers of black text
over a white one. `synthtiger` has a layer a line, which is quickest and gives boxes of lines; `synthtiger_words` has a
layer a word, set by its FlowLayout, and boxes of words. All of its boxes are those of layers (advance by line height),
not of the ink. None of its effects is on.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from bench.ocr_work import Picture, grey_png, read_work, time_side

WHITE = (255, 255, 255, 255)


def main(side: str, task: str, folder: Path) -> None:
    """Time one side."""
    import cv2
    import numpy as np
    from PIL import Image
    from synthtiger import components, layers

    cv2.setNumThreads(1)
    pictures = read_work(folder, task)

    def page(picture: Picture) -> Any:
        ground = layers.RectLayer((picture.width, picture.height), WHITE)
        ground.topleft = (0, 0)
        if side == "synthtiger_words":
            words = [word for line in picture.words for word in line]
            text = [layers.TextLayer(word, picture.font, picture.size) for word in words]
            space = picture.size // 4
            flow = components.FlowLayout(length=(picture.width, picture.width), space=(space, space))
            flow.apply(text)
        else:
            text = [layers.TextLayer(" ".join(line), picture.font, picture.size) for line in picture.words]
            components.FlowLayout(length=(1, 1)).apply(text)  # each on a line of its own
        image = (layers.Group(text) + ground).output(bbox=ground.bbox)
        return Image.fromarray(image[..., :3].astype(np.uint8)), [layer.bbox for layer in text]

    time_side(
        folder,
        task,
        side,
        draw=lambda number: page(pictures[number]),
        png=lambda drawn: grey_png(drawn[0]),
        count=len(pictures),
        warmup=lambda: [page(picture) for picture in pictures[:5]],
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
