"""Planes in the patient."""

from __future__ import annotations

import numpy as np
import pytest

from medseg.errors import GeometryError
from medseg.space import Plane


def test_a_plane_spanned_by_leaning_directions_has_a_right_angled_frame_in_the_same_sheet():
    plane = Plane.spanned_by((1, 2, 3), along=(2, 0, 0), across=(1, 1, 0))
    assert np.allclose(plane.u, (1, 0, 0))
    assert np.allclose(plane.v, (0, 1, 0))
    assert np.allclose(plane.normal, (0, 0, 1))
    assert np.allclose(plane.to_plane_mm((4, 7, 3)), (3, 5))
    assert plane.distance_mm((4, 7, 5.5)) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("u", "v"),
    [((1, 0, 0), (0.1, 1, 0)), ((2, 0, 0), (0, 1, 0)), ((np.nan, 0, 0), (0, 1, 0)), ((1, 0), (0, 1))],
)
def test_a_frame_that_is_not_right_angled_is_refused(u, v):
    with pytest.raises(GeometryError):
        Plane(np.zeros(3), np.array(u, dtype=float), np.array(v, dtype=float))


def test_parallel_directions_span_no_plane():
    with pytest.raises(GeometryError, match="parallel"):
        Plane.spanned_by((0, 0, 0), (1, 0, 0), (2, 0, 0))
