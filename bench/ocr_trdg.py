"""trdg's side of the bench of images: `PYTHON -m bench.ocr_trdg SIDE TASK FOLDER`, with PYTHON of its environment.

trdg draws lines only. Sides: `trdg`, black on white; `trdg_boxes`, with the boxes of characters that it reads off the
mask it draws beside the picture. Skewing, blur and distortion are off.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from bench.ocr_work import Picture, grey_png, read_work, time_side

WHITE = 1


def main(side: str, task: str, folder: Path) -> None:
    """Time one side."""
    from trdg.generators import GeneratorFromStrings
    from trdg.utils import mask_to_bboxes

    pictures = read_work(folder, task)
    boxes = side == "trdg_boxes"

    def line(picture: Picture) -> Any:
        lines = GeneratorFromStrings(
            [picture.text],
            count=1,
            fonts=[picture.font],
            size=picture.height,
            background_type=WHITE,
            margins=(3, 3, 3, 3),
            output_mask=int(boxes),
        )
        drawn = next(lines)[0]
        if not boxes or drawn is None:
            return drawn
        image, mask = drawn
        return image, mask_to_bboxes(mask)

    time_side(
        folder,
        task,
        side,
        draw=lambda number: line(pictures[number]),
        png=lambda drawn: grey_png(drawn[0] if boxes else drawn),
        count=len(pictures),
        warmup=lambda: [line(picture) for picture in pictures[:5]],
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
