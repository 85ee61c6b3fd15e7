"""Whether a page shows the words of its text layer.

A text layer also holds what is drawn in the ground's colour, under a bar, outside the clip, in no mode at all. One
test covers them all: a word is shown when the page looks different without its text.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fc_model.data.images.record import Box, union

_MIN_CONTRAST = 12
"""Of 255, between page and page without text, somewhere in each letter."""
_MIN_LAYER_CONTRAST = 48
"""Of 255, within a row of a word that a scan shows."""
_MIN_HEIGHT = 1 / 3
"""Part of a word's height that its ink must reach: what shows beside a bar is no word. Boxes of some fonts are high."""


class PageInk:
    """The pixels of a page beside those of the page without its text, (H, W, 3) uint8 both.

    A scan shows the words of its layer itself, also where its picture covers them.
    """

    def __init__(self, page_HWC: NDArray[np.uint8], without_text_HWC: NDArray[np.uint8], *, is_scan: bool) -> None:
        difference_HWC = np.maximum(page_HWC, without_text_HWC) - np.minimum(page_HWC, without_text_HWC)
        self._text_HW = difference_HWC.max(axis=2) >= _MIN_CONTRAST
        self._rest_HW = without_text_HWC.min(axis=2)
        self._is_scan = is_scan

    def shows(self, letters: list[Box], *, painted: bool) -> bool:
        """Whether all letters of a word can be seen; `painted` is False for text that is drawn in no colour at all."""
        if any(left >= right or top >= bottom for left, top, right, bottom in letters):
            return False
        word = union(letters)
        have_ink = [painted and self._part(self._text_HW, letter).any() for letter in letters]
        if all(have_ink):
            rows = np.flatnonzero(self._part(self._text_HW, word).any(axis=1))
            return bool(rows[-1] + 1 - rows[0] >= _MIN_HEIGHT * (word[3] - word[1]))
        if any(have_ink) or (painted and not self._is_scan):
            return False
        return bool(np.ptp(self._part(self._rest_HW, word), axis=1).max() >= _MIN_LAYER_CONTRAST)

    @staticmethod
    def _part(pixels_HW: NDArray[Any], box: Box) -> NDArray[Any]:
        return pixels_HW[box[1] : box[3], box[0] : box[2]]
