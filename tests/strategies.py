"""Hypothesis strategies for medseg's objects, all in one place."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from medseg.space import Grid, Plane

finite_mm = st.floats(-1000, 1000, allow_nan=False)
spacings_mm = st.floats(0.05, 20)
rotations = st.integers(0, 2**32 - 1).map(
    lambda seed: Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
)
shapes = st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))


@st.composite
def grids(
    draw: st.DrawFn, shape: st.SearchStrategy[tuple[int, int, int]] = shapes, *, sheared: bool = True
) -> Grid:
    """Grids of any rotation, spacing, flip and (unless refused) shear, up to a strongly tilted gantry."""
    directions = draw(rotations) @ np.diag(draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3)))
    if sheared:
        lean = draw(st.tuples(*[st.floats(-0.6, 0.6)] * 3))
        directions = directions @ np.array([[1, lean[0], lean[1]], [0, 1, lean[2]], [0, 0, 1]])
    steps = directions * np.array(draw(st.tuples(spacings_mm, spacings_mm, spacings_mm)))
    return Grid.from_axes(
        draw(shape),
        origin_lps_mm=draw(st.tuples(finite_mm, finite_mm, finite_mm)),
        step_k_mm=steps[:, 0],
        step_j_mm=steps[:, 1],
        step_i_mm=steps[:, 2],
    )


@st.composite
def star_polygons(draw: st.DrawFn, shape: tuple[int, int]) -> np.ndarray:
    """Simple (star-shaped) polygons ``(row, column)`` inside an array, with wavy edges."""
    rows, columns = shape
    count = draw(st.integers(3, 40))
    gaps = np.array(draw(st.lists(st.floats(0.5, 1.5), min_size=count, max_size=count)))
    angles = np.cumsum(gaps) / gaps.sum() * 2 * np.pi
    reach = np.array(draw(st.lists(st.floats(0.4, 1.0), min_size=count, max_size=count)))
    radius = reach * (min(rows, columns) / 2 - 1)
    return np.column_stack(
        [rows / 2 - 0.5 + radius * np.sin(angles), columns / 2 - 0.5 + radius * np.cos(angles)]
    )


@st.composite
def planes_through(draw: st.DrawFn, grid: Grid) -> Plane:
    """Planes of any direction through any point of a grid."""
    fraction = np.array(draw(st.tuples(*[st.floats(0.1, 0.9)] * 3)))
    axes = draw(rotations)
    return Plane(grid.to_lps_mm(fraction * (np.array(grid.shape_kji) - 1)), axes[:, 0], axes[:, 1])
