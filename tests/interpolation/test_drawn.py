"""What is known of one structure."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.interpolation.drawn import window_of


@pytest.mark.parametrize(
    ("pixels", "window"),
    [
        ([], (slice(0, 0), slice(0, 0))),
        ([(0, 0)], (slice(0, 1), slice(0, 1))),
        ([(2, 5), (4, 1)], (slice(2, 5), slice(1, 6))),
        ([(5, 6)], (slice(5, 6), slice(6, 7))),
    ],
)
def test_a_window_holds_a_mask_and_no_more(pixels, window):
    mask = np.zeros((6, 7), dtype=bool)
    for pixel in pixels:
        mask[pixel] = True
    assert window_of(mask) == window
    assert window_of(np.asfortranarray(mask)) == window
