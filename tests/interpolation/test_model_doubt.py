"""Which slices of a model's label map are worth correcting: those where it is least sure."""

import math

import numpy as np
import pytest

from doubtful_cases import fading_tumour, finds_tumour
from medseg.assist.uncertainty import Sampling, doubt
from medseg.contour import Slice
from medseg.errors import GridMismatchError
from medseg.interpolation import uncertain_slices
from medseg.interpolation.model_doubt import chances_of
from medseg.space import Grid

GRID = Grid.from_axes(
    (10, 12, 14), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 3), step_j_mm=(0, 2, 0), step_i_mm=(1, 0, 0)
)


def test_the_chance_of_a_wrong_label_is_the_share_of_the_fewer_votes():
    shares = np.array([0, 0.125, 0.25, 0.5])
    bits = [-(p * math.log2(p) + (1 - p) * math.log2(1 - p)) if p else 0 for p in shares]
    assert np.allclose(chances_of(np.array(bits)), shares, atol=1e-3)


def bits_map():
    """Doubt in the middle, more of it farther up, and a little at one end."""
    bits = np.zeros(GRID.shape_kji, np.float32)
    bits[3, 4:8, 5:9] = 1
    bits[4, 3:8, 5:9] = 1
    bits[8, 2:9, 3:9] = 1
    bits[0, 0, :3] = 1
    return bits


def test_the_slices_of_most_doubt_are_named_and_of_neighbours_the_worse():
    found = uncertain_slices(bits_map(), GRID)
    assert [one.where for one in found] == [Slice(0, 8), Slice(0, 4), Slice(0, 0)]
    assert [one.settles_mm3 for one in found] == pytest.approx([7 * 6 * 3, 5 * 4 * 3, 1.5 * 6])
    assert found[0].reason == "the model is least sure there"


def test_what_was_drawn_is_sure_and_not_named_again():
    found = uncertain_slices(bits_map(), GRID, drawn=[Slice(0, 8), Slice(1, 4)])
    assert [one.where for one in found] == [Slice(0, 4), Slice(0, 0)]
    assert found[0].settles_mm3 == pytest.approx(4 * 4 * 3)
    along = uncertain_slices(bits_map(), GRID, drawn=[Slice(1, 4)], axes=(1,))
    assert Slice(1, 4) not in [one.where for one in along]
    everything = [Slice(0, k) for k in range(10)]
    assert uncertain_slices(bits_map(), GRID, drawn=everything, axes=(0, 1, 2)) == []


def test_only_what_lies_near_counts_where_a_place_is_given():
    near = (slice(2, 6), slice(0, 12), slice(0, 14))
    assert [one.where for one in uncertain_slices(bits_map(), GRID, near=near)] == [Slice(0, 4)]


def test_equal_slices_side_by_side_are_named_once_and_next_to_nothing_never():
    bits = np.zeros(GRID.shape_kji, np.float32)
    bits[5:8, 2:6, 2:6] = 0.9
    assert [one.where for one in uncertain_slices(bits, GRID)] == [Slice(0, 5)]
    bits = np.zeros(GRID.shape_kji, np.float32)
    bits[5, 5, 5] = 1
    assert uncertain_slices(bits, GRID) == []


def test_a_map_of_another_shape_is_refused():
    with pytest.raises(GridMismatchError):
        uncertain_slices(np.zeros((2, 3, 4), np.float32), GRID)


@pytest.mark.parametrize("seed", range(4))
def test_correcting_the_slice_that_is_named_first_puts_more_right_than_one_chosen_evenly(seed):
    volume, truth = fading_tumour(seed)
    found = doubt(finds_tumour, volume, sampling=Sampling(8, seed=seed))
    wrong = np.count_nonzero(found.prediction.masks["tumour"] != truth, axis=(1, 2))
    best, *_ = uncertain_slices(found.entropy_bits, volume.grid)
    evenly = wrong[truth.any(axis=(1, 2))].mean()
    assert wrong[best.where.index] > 3 * evenly
