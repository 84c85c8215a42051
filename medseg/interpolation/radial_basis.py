"""Radial basis functions: contours on planes of any direction → a whole structure."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from medseg.contour.sheet import Placement, Sheet
from medseg.interpolation.boundary_points import Floats, Samples, samples
from medseg.interpolation.cavities import taken_apart
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.interpolation.narrow_band import Depths, Evaluate, Nodes, fill_band
from medseg.interpolation.pins import drawn_box
from medseg.progress import Progress, silent
from medseg.space import Grid

REACH = 0.5
"""How far beyond the planes' voxels the structure is looked for, in parts of their extent.

Two crossing planes seldom cut a structure where it is widest.
"""

LEAST_STEEPNESS = 0.1
"""A plane that grazes a surface at a smaller cosine tells too little of the direction of its normal."""

TINY = 1e-9

MAX_THREADS = 4
MIN_NODES_FOR_THREADS = 20_000


def complete(drawn: DrawnStructure, *, progress: Progress = silent) -> Field:
    """Complete a structure from its planes.

    Its depth is the smoothest function that is 0 on the outlines and positive inside: a sum of kernels
    around points on the outlines, solved as a linear system. Where planes are all parallel nothing lies
    beyond the first and the last one. The drawn planes come out nearly as drawn;
    :func:`~medseg.interpolation.pins.pin` makes them exact.

    Args:
        drawn: The structure on planes of any direction.
        progress: Called before each step.

    Source:
        Turk & O'Brien, Shape transformation using variational implicit functions, SIGGRAPH 1999; Heckel et
        al., Interactive object segmentation with variational interpolation, IEEE TMI 30 (2011).
    """
    outer, cavities = taken_apart(drawn)
    field = _completed(outer, progress)
    return field if cavities is None else _without(field, complete(cavities, progress=progress))


def _completed(drawn: DrawnStructure, progress: Progress) -> Field:
    """Complete a structure by one function."""
    box = drawn_box(drawn)
    if box is None:
        return Field((0, 0, 0), np.zeros((0, 0, 0), np.float32))
    progress("Interpolating", 0, 2)
    depth_at = _fitted(samples(drawn, box), drawn.grid)
    progress("Interpolating", 1, 2)
    low, high = _reach(drawn, *box)
    field = fill_band(depth_at, low, high, drawn.grid.spacing_kji_mm)
    _cut_to_slab(field, drawn)
    progress("Interpolating", 2, 2)
    return field


def _without(field: Field, cavities: Field) -> Field:
    """The field less what lies in cavities."""
    low = np.maximum(field.corner_kji, cavities.corner_kji)
    ends = [np.add(one.corner_kji, one.depth_mm.shape) for one in (field, cavities)]
    size = np.maximum(np.minimum(*ends) - low, 0)
    ours, theirs = (
        one.depth_mm[tuple(slice(a, a + n) for a, n in zip(low - one.corner_kji, size, strict=True))]
        for one in (field, cavities)
    )
    np.minimum(ours, -theirs, out=ours)
    return field


def _fitted(known: Samples, grid: Grid) -> Evaluate:
    """The smoothest function near the samples, as a function of voxel indices."""
    from medseg.interpolation.cholesky import factored, solved
    from medseg.interpolation.rbf_kernels import evaluate, gradients, kernel_matrix

    # Around their middle, where 32 bits are enough.
    middle_mm = known.points_mm.mean(axis=0)
    points_mm = known.points_mm - middle_mm
    # What keeps the surface off a point grows with distance as the kernel does.
    smoothing = known.inexact_mm**1.5
    # The kernel is conditionally positive definite: a constant makes it definite and leaves weights that
    # sum to 0, as they must, unchanged.
    shift = 2.0 * float(np.linalg.norm(np.ptp(points_mm, axis=0))) ** 1.5
    factor = factored(kernel_matrix(points_mm, shift, smoothing))
    of_ones = solved(factor, np.ones(len(points_mm)))

    def fitted(depth_mm: Floats) -> tuple[Floats, float]:
        of_depth = solved(factor, depth_mm)
        constant = float(of_depth.sum() / of_ones.sum())
        return of_depth - constant * of_ones, constant

    weights_of_kernels, _ = fitted(known.depth_mm)
    on_outlines = points_mm[: len(known.inward)]
    steepness = _steepness(gradients(on_outlines, points_mm, weights_of_kernels), known.inward)
    depth_mm = known.depth_mm.copy()
    depth_mm[len(on_outlines) : 2 * len(on_outlines)] *= steepness
    weights_of_kernels, constant = fitted(depth_mm)
    weights = weights_of_kernels.astype(np.float32)
    centres = points_mm.astype(np.float32)
    to_mm = grid.index_to_lps_mm[:3, :3].astype(np.float32)

    def depth_at(nodes: Nodes) -> Depths:
        at = to_mm @ nodes.T.astype(np.float32) - middle_mm.astype(np.float32)[:, None]
        values = np.full(len(nodes), constant, np.float32)
        threads = min(MAX_THREADS, os.cpu_count() or 1)
        if len(nodes) < MIN_NODES_FOR_THREADS or threads == 1:
            evaluate(at, centres, weights, values)
            return values
        # Copies, whose rows are contiguous: sixteen times as fast.
        parts = [np.ascontiguousarray(part) for part in np.array_split(at, threads, axis=1)]
        with ThreadPoolExecutor(threads) as pool:
            into = np.array_split(values, threads)
            list(pool.map(lambda part, into: evaluate(part, centres, weights, into), parts, into))
        return values

    return depth_at


def _steepness(gradient: Floats, inward: Floats) -> Floats:
    """How fast depth grows along a plane: the cosine of the angle between the surface's normal and the plane.

    A plane that grazes the surface would else draw it in to a cone.
    """
    cosine = np.einsum("nc,nc->n", gradient, inward) / np.linalg.norm(gradient, axis=1).clip(TINY)
    return np.asarray(cosine.clip(LEAST_STEEPNESS, 1.0))


def _reach(drawn: DrawnStructure, low: Nodes, high: Nodes) -> tuple[Nodes, Nodes]:
    """The box in which to look for the structure."""
    further = np.ceil(REACH * (high - low)).astype(np.intp) + 1
    normal = _common_normal(drawn)
    if normal is not None and not any(normal.slopes):
        further[normal.axis] = 0
    return np.maximum(low - further, 0), np.minimum(high + further, drawn.grid.shape_kji)


def _common_normal(drawn: DrawnStructure) -> Sheet | None:
    """The direction of all planes, if they are parallel, as that of a sheet through the first voxel."""
    directions = {Sheet(where.axis, 0.0, _slopes(where)) for where in drawn.masks}
    return directions.pop() if len(directions) == 1 else None


def _slopes(where: Placement) -> tuple[float, float]:
    return where.slopes if isinstance(where, Sheet) else (0.0, 0.0)


def _cut_to_slab(field: Field, drawn: DrawnStructure) -> None:
    """Between parallel planes: nothing beyond the first and the last one."""
    direction = _common_normal(drawn)
    if direction is None:
        return
    offsets = [where.offset if isinstance(where, Sheet) else float(where.index) for where in drawn.masks]
    k, j, i = np.ogrid[field.box]
    index = [k, j, i]
    a, b = (index[axis] for axis in range(3) if axis != direction.axis)
    offset = index[direction.axis] - direction.slopes[0] * a - direction.slopes[1] * b
    field.depth_mm[(offset < min(offsets)) | (offset > max(offsets))] = -np.inf
