"""What classical segmenters share: balls and clicks in mm, connected parts, smoothing of one width in mm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from medseg.assist.segmenter import Mask, PointLps, Sphere, Task
from medseg.errors import AssistError
from medseg.space import Box, Grid

Floats = npt.NDArray[np.float32]

SHEAR = 1e-3
"""Cosine between two axes of a grid above which they are not at right angles."""


AROUND_SEED_MM = 3.0
"""Voxels so near to a click tell what the structure looks like."""


def values_of(task: Task) -> Floats:
    """The image within a task's region; what has no value is as low as the lowest one."""
    values = np.asarray(task.volume.voxels[task.region], dtype=np.float32)
    missing = ~np.isfinite(values)
    if missing.any():
        lowest = values[~missing].min() if not missing.all() else np.float32(0)
        values = np.where(missing, lowest, values)
    return values


def ball(grid: Grid, region: Box, sphere: Sphere) -> Mask:
    """The voxels of a region whose centres lie within a ball, on any grid."""
    steps = grid.index_to_lps_mm[:3, :3]
    start = grid.to_lps_mm([side.start for side in region]) - np.asarray(sphere.centre_lps_mm)
    k, j, i = (np.arange(side.stop - side.start) for side in region)
    squared: npt.NDArray[Any] = np.zeros((len(k), len(j), len(i)))
    for axis in range(3):
        along = (steps[axis, 0] * k)[:, None, None] + (steps[axis, 1] * j)[:, None] + steps[axis, 2] * i
        squared += (along + start[axis]) ** 2
    return np.asarray(squared <= sphere.radius_mm**2)


def indices_of(points: Iterable[PointLps], task: Task) -> npt.NDArray[np.intp]:
    """The voxels of the region nearest to clicks, ``(n, 3)`` as k, j, i.

    Raises:
        AssistError: A click lies outside of the region.
    """
    start = [side.start for side in task.region]
    found = np.array([task.volume.grid.to_index(np.asarray(point)) - start for point in points])
    index: npt.NDArray[np.intp] = np.rint(found.reshape(-1, 3)).astype(np.intp)
    if ((index < 0) | (index >= task.shape_kji)).any():
        raise AssistError(
            "a point lies outside of the part of the image that is looked at",
            hint="set points within the image, and the ball around them",
            reason="outside-region",
        )
    return index


def seeds_of(task: Task, structure_id: str | None) -> Mask:
    """The voxels that a reader said belong to a structure, or to none: clicks and strokes."""
    seeds = np.zeros(task.shape_kji, dtype=bool)
    seeds[tuple(indices_of(task.hints.points_of(structure_id), task).T)] = True
    if structure_id in task.hints.marks:
        seeds |= task.hints.marks[structure_id]
    return seeds


def require_seeds(seeds: Mask, title: str) -> None:
    """Refuse strokes that hold no voxel, and clicks that are all on other structures.

    Raises:
        AssistError: There is no seed; reason ``hint-missing``.
    """
    if not seeds.any():
        raise AssistError(
            f"{title} needs a point within the structure", hint="click on it", reason="hint-missing"
        )


def near_seeds(task: Task, seeds: Mask) -> Mask:
    """The seeds and what is near to clicks: some voxels in any case, for one has no spread."""
    near = np.asarray(ndimage.binary_dilation(seeds, np.ones((3, 3, 3), dtype=bool)))
    for point in task.hints.points_of(task.structure_ids[0]):
        near |= ball(task.volume.grid, task.region, Sphere(point, AROUND_SEED_MM))
    return near


def connected_to(mask: Mask, seeds: Mask) -> Mask:
    """The parts of a mask, connected by faces, that hold a seed."""
    parts, _ = ndimage.label(mask)
    wanted = np.unique(parts[seeds & mask])
    return np.asarray(np.isin(parts, wanted[wanted > 0]))


def smoothed(values: Floats, grid: Grid, sigma_mm: float) -> Floats:
    """A Gaussian of the same width in mm along every axis of the grid."""
    if not sigma_mm:
        return values
    sigmas = [sigma_mm / spacing for spacing in grid.spacing_kji_mm]
    return np.asarray(ndimage.gaussian_filter(values, sigmas), dtype=np.float32)


def gradient_magnitude(values: Floats, grid: Grid, sigma_mm: float) -> Floats:
    """How steep the image is, per mm, at a scale; right on sheared grids, too."""
    smooth = smoothed(values, grid, sigma_mm)
    along = np.zeros((*values.shape, 3), dtype=np.float32)
    for axis in range(3):
        # Along an axis of one voxel nothing changes.
        if values.shape[axis] > 1:
            along[..., axis] = np.gradient(smooth, axis=axis)
    in_mm = along @ np.linalg.inv(grid.index_to_lps_mm[:3, :3]).astype(np.float32)
    return np.asarray(np.linalg.norm(in_mm, axis=-1), dtype=np.float32)


def require_right_angles(grid: Grid, title: str) -> None:
    """Refuse a sheared grid for methods that know a spacing for each axis and no more.

    Raises:
        AssistError: Two axes are not at right angles.
    """
    directions = grid.directions
    if np.abs(directions.T @ directions - np.eye(3)).max() > SHEAR:
        raise AssistError(
            f"{title} knows only grids with axes at right angles, and the slices of this one are sheared",
            hint="use another method, or convert the series with slices that are sheared upright",
            reason="sheared-grid",
        )


def as_itk(values: npt.NDArray[Any], grid: Grid) -> Any:
    """An image for SimpleITK with the grid's spacing."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing([float(spacing) for spacing in reversed(grid.spacing_kji_mm)])
    return image
