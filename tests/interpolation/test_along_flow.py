"""Cubics along a flow, on discs that move as the flow says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discs import SHAPE, depth_of_disc, disc, gap_of
from medseg.interpolation.along_flow import FEW_PIXELS, across_gap_along, matched_along

INDICES = (0, 4, 8, 12)


def moving(indices, before, step, radius_mm=9, growth_mm=0.0):
    """A gap of a disc that moves by ``step`` pixels and grows by ``growth_mm`` a slice, of exact depth."""
    discs = [((30 + step[0] * (n - 6), 40 + step[1] * (n - 6)), radius_mm + growth_mm * n) for n in indices]
    gap = gap_of([disc(*each) for each in discs], indices, before)
    return replace(gap, depth_mm=np.array([depth_of_disc(*each) for each in discs]))


def flow_of(gap, step):
    width = gap.indices[gap.before + 1] - gap.indices[gap.before]
    return tuple(np.full(SHAPE, width * each, dtype=np.float32) for each in step)


def near(depth):
    return np.abs(depth) < 3


@given(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5), st.floats(-0.3, 0.3))
def test_a_disc_that_moves_and_grows_steadily_is_met_exactly(down, across, growth_mm):
    gap = moving(INDICES, 1, (down, across), growth_mm=growth_mm)
    found = across_gap_along(gap, flow_of(gap, (down, across)))
    for depth, index in zip(found, gap.missing, strict=True):
        centre = (30 + down * (index - 6), 40 + across * (index - 6))
        expected = depth_of_disc(centre, 9 + growth_mm * index)
        assert np.abs(depth - expected)[near(expected)].max() < 0.15


def test_between_equal_slices_nothing_changes():
    gap = moving((0, 5), 0, (0, 0))
    for depth in across_gap_along(gap, flow_of(gap, (0, 0))):
        assert depth == pytest.approx(gap.depth_mm[0], abs=1e-5)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-0.5, 0.5), st.integers(0, 2))
def test_upside_down_it_is_the_same(down, across, growth_mm, before):
    gap = moving(INDICES, before, (down, across), growth_mm=growth_mm)
    flow = flow_of(gap, (down, across))
    turned = replace(
        gap,
        indices=tuple(-n for n in gap.indices[::-1]),
        before=2 - before,
        masks=gap.masks[::-1].copy(),
        depth_mm=gap.depth_mm[::-1].copy(),
    )
    back = across_gap_along(turned, tuple(-each for each in flow))
    assert np.abs(across_gap_along(gap, flow) - back[::-1]).max() < 1e-3


def test_what_moves_is_found_again_along_its_flow_alone():
    step = (3.0, 0.0)
    gap = moving((0, 4), 0, step)
    assert matched_along(gap, flow_of(gap, step)) > 0.99
    # 12 rows of 0.8 mm apart, two discs of 9 mm and 318 pixels have 35 % in common.
    expected = (0.35 * 318 + FEW_PIXELS) / (318 + FEW_PIXELS)
    assert matched_along(gap, flow_of(gap, (0.0, 0.0))) == pytest.approx(expected, abs=0.02)


def test_what_grows_in_its_place_is_found_again():
    gap = moving((0, 4), 0, (0.0, 0.0), radius_mm=4, growth_mm=2.0)
    assert matched_along(gap, flow_of(gap, (0.0, 0.0))) == 1.0


def test_a_few_pixels_are_no_evidence():
    masks = [disc((30, 20), 1.1), disc((30, 60), 1.1)]
    assert 0 < masks[0].sum() < FEW_PIXELS / 5
    gap = gap_of(masks, (0, 4), 0)
    assert matched_along(gap, flow_of(gap, (0.0, 0.0))) > 0.8
