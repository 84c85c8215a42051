"""A tumour of many slices takes fewer than half the actions when it is completed; one of six does not."""

from __future__ import annotations

import numpy as np
import pytest

from actions_count.page import COMPLETED, PROPOSED, SLICE_BY_SLICE, count
from actions_count.reader import ENOUGH_DICE
from actions_count.references import Tumour, metastasis_by_edges, metastasis_by_threshold, sarcoma
from medseg.measurement import dice
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume

CENTRE_MM, RADIUS_MM = np.array([40.0, 40.0, 45.0]), 20.0


@pytest.fixture(scope="module")
def ball():
    """A bright ball on seven slices of 5 mm, from 6 to 12."""
    grid = Grid.from_axes(
        (19, 81, 81), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, 5), step_j_mm=(0, 1, 0), step_i_mm=(1, 0, 0)
    )
    places = grid.to_lps_mm(np.stack(np.indices(grid.shape_kji), axis=-1))
    mask = np.linalg.norm(places - CENTRE_MM, axis=-1) < RADIUS_MM
    image = Volume(grid, np.where(mask, 80.0, 0.0).astype(np.float32), Quantity.HU, Source("phantom"))
    return Tumour("ball", "made", image, mask)


def test_what_is_proposed_right_takes_three_actions(ball):
    one = count(ball, "Freehand", PROPOSED)
    assert (one.actions.keys, one.actions.strokes, one.actions.clicks) == (2, 1, 0)
    assert len(one.dices) == 1
    assert one.dices[0] >= ENOUGH_DICE


def test_slices_that_are_wrong_are_drawn_and_those_with_nothing_are_deleted(ball):
    truth = ball.truth.copy()
    truth[10:] = False
    truth[8, 30:51, 10:71] = True
    other = Tumour("ball", "another", ball.image, truth)
    one = count(other, "Freehand", PROPOSED)
    # The ball, and one more stroke for the slice that was drawn.
    assert one.actions.strokes == 2
    # J, D and Shift+Space, and Del on slices 10 to 12.
    assert one.actions.keys == 3 + 3
    assert list(one.dices) == sorted(one.dices)
    assert one.dices[-1] >= ENOUGH_DICE


def test_errors_of_the_ball_are_the_same_each_time(ball):
    first, again, other = (count(ball, "Freehand", PROPOSED, errors) for errors in (1, 1, 2))
    assert first.dices == again.dices
    assert first.actions.total >= 3
    assert other.dices[-1] >= ENOUGH_DICE


def test_the_sarcoma_takes_fewer_than_half_of_the_actions(real_data):
    tumour = sarcoma(real_data)
    for tool in ("Freehand", "Polygon"):
        whole, few = (count(tumour, tool, way) for way in (SLICE_BY_SLICE, COMPLETED))
        assert len(whole.dices) == tumour.slices == 31
        assert min(whole.dices[-1], few.dices[-1]) >= ENOUGH_DICE
        assert few.actions.total < whole.actions.total / 2


@pytest.mark.parametrize("reference", [metastasis_by_threshold, metastasis_by_edges])
def test_the_metastasis_reaches_the_same_dice_in_each_way(real_data, reference):
    tumour = reference(real_data)
    whole, few, found = (count(tumour, "Freehand", way) for way in (SLICE_BY_SLICE, COMPLETED, PROPOSED))
    assert whole.actions.strokes == 6
    assert min(whole.dices[-1], few.dices[-1], found.dices[-1]) >= ENOUGH_DICE
    assert list(found.dices) == sorted(found.dices), "each slice helps"


def test_the_two_references_of_the_metastasis_mean_the_same_lesion(real_data):
    first, second = metastasis_by_threshold(real_data), metastasis_by_edges(real_data)
    assert 0.75 < dice(first.truth, second.truth) < ENOUGH_DICE
