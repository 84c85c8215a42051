"""Going through a structure from slice to slice."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import label

from medseg.interpolation.reach import reaches_last


@given(arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6))))
def test_it_goes_where_a_connected_component_goes(inside):
    labels, _ = label(inside, structure=np.ones((3, 3, 3)))
    seen = np.zeros(inside.shape, dtype=np.int32)
    for number, (row, column) in enumerate(np.argwhere(inside[0]).tolist(), start=1):
        expected = bool((labels[-1] == labels[0, row, column]).any())
        assert reaches_last(inside, row, column, number, seen) == expected
