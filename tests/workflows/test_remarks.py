"""What a reader must know of a completion."""

from __future__ import annotations

import numpy as np

from medseg.contour import Slice
from medseg.interpolation import interpolate_masks
from medseg.labelmap import Structure
from medseg.space import Grid
from medseg.workflows.interpolate import remarks_on

GRID = Grid.from_axes(
    (24, 40, 40), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 2), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
)
TUMOUR = Structure("tumour", "Tumour", 1)
KS, JS, IS = np.ogrid[:24, :40, :40]
TRUTH = ((KS - 12) * 2) ** 2 + (JS - 20) ** 2 + (IS - 20) ** 2 < 13**2


def remarks(masks):
    return remarks_on(interpolate_masks({"tumour": masks}, GRID, [TUMOUR]))


def test_contours_that_agree_leave_nothing_to_say():
    assert remarks({Slice(0, 12): TRUTH[12], Slice(1, 20): TRUTH[:, 20], Slice(2, 18): TRUTH[:, :, 18]}) == ()


def test_a_contradiction_is_told_with_its_place_and_length():
    moved = np.roll(TRUTH[:, 20], 6, axis=1)
    (sentence,) = remarks({Slice(0, 12): TRUTH[12], Slice(1, 20): moved})
    assert sentence.startswith("Tumour: the contours on k=12 and j=20 disagree by 6.0 mm near (")
    assert "near (10.5, 20.0, 24.0) mm LPS" in sentence
    assert sentence.endswith("the later one, on j=20, counts")


def test_what_hands_scatter_is_told_in_one_sentence():
    masks = {
        Slice(0, 12): TRUTH[12],
        Slice(1, 20): np.roll(TRUTH[:, 20], 1, axis=1),
        Slice(1, 24): np.roll(TRUTH[:, 24], 1, axis=1),
    }
    assert remarks(masks) == (
        "Tumour: at 2 crossings contours differ by at most 1.0 mm, as hands do; the later one counts",
    )


def test_what_was_not_joined_is_told():
    speck = np.zeros((40, 40), bool)
    speck[1:3, 1:3] = True
    (sentence,) = remarks({Slice(0, 4): speck, Slice(0, 8): speck[::-1, ::-1]})
    assert "could not be joined between k=4 and k=8" in sentence
