"""Solids that are known everywhere, and what a reader would have drawn of them."""

from __future__ import annotations

import numpy as np

from medseg.contour import Sheet, Slice, nearest_index
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.registry import AUTO, METHODS, method_for
from medseg.progress import silent
from medseg.space import Grid


def upright(shape, spacing_kji_mm):
    """A grid along the patient's axes."""
    k, j, i = spacing_kji_mm
    return Grid.from_axes(
        shape, origin_lps_mm=(0, 0, 0), step_k_mm=(0, 0, k), step_j_mm=(0, j, 0), step_i_mm=(i, 0, 0)
    )


def lump(grid, radius_mm, *, bumps=0.0, seed=0, stretch=(1.0, 1.0, 1.0)):
    """A ball in the middle of a grid, stretched, with bumps of that share of its radius."""
    rng = np.random.default_rng(seed)
    middle = (np.array(grid.shape_kji) - 1) / 2 * grid.spacing_kji_mm
    index = np.stack(np.indices(grid.shape_kji), axis=-1)
    off = (index * grid.spacing_kji_mm - middle) / stretch
    radius = np.full(grid.shape_kji, float(radius_mm))
    for _ in range(12):
        wave = rng.normal(size=3) * 3 / radius_mm
        radius += bumps * radius_mm * rng.normal() / np.sqrt(6) * np.sin(off @ wave + rng.uniform(0, 6.3))
    return np.linalg.norm(off, axis=-1) < radius


def drawn_on(truth, grid, planes):
    """The structure as it is drawn on some planes."""
    return DrawnStructure("a", grid, {where: _cut(truth, where) for where in planes})


def completed(drawn):
    """The field of the method that is chosen by itself."""
    return METHODS[method_for(AUTO, drawn)].complete(drawn, None, silent)


def on_grid(part, values, shape, outside=0.0):
    """The values of a box on the whole grid."""
    whole = np.full(shape, outside, dtype=np.float32)
    whole[part.box] = values
    return whole


def _cut(truth, where):
    if isinstance(where, Slice):
        return truth.take(where.index, axis=where.axis)
    assert isinstance(where, Sheet)
    along = np.moveaxis(truth, where.axis, 0)
    index = nearest_index(where, along.shape[1:])
    inside = np.take_along_axis(along, index.clip(0, len(along) - 1)[None], axis=0)[0]
    return inside & (index >= 0) & (index < len(along))
