"""Boxes around labels: as scipy finds them, in one pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from medseg.labelmap.label_boxes import label_boxes


@settings(max_examples=25)
@given(
    layer=arrays(
        st.sampled_from([np.uint8, np.uint16]),
        array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=9),
        elements=st.sampled_from([0, 0, 0, 1, 2, 255]),
    )
)
def test_boxes_are_those_that_scipy_finds(layer):
    found = enumerate(ndimage.find_objects(layer), start=1)
    assert label_boxes(layer) == {label: box for label, box in found if box is not None}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_largest_label_is_found_too(dtype):
    layer = np.zeros((3, 4, 5), dtype)
    layer[2, 3, 4] = np.iinfo(dtype).max
    assert label_boxes(layer) == {int(np.iinfo(dtype).max): (slice(2, 3), slice(3, 4), slice(4, 5))}
