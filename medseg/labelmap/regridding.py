"""LabelMap → LabelMap on another grid: voxel by voxel where that is possible, resampled only on request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import GridMismatchError
from medseg.labelmap.label_map import LabelMap
from medseg.space import Grid
from medseg.space.grid import FLOAT32_TOLERANCE_MM

MIN_TOLD_CHANGE = 0.005
"""A volume that resampling changes by less than half a per cent is not worth a sentence."""


@dataclass(frozen=True, eq=False)
class Regridded:
    """A label map that was put on another grid.

    Attributes:
        label_map: On the new grid.
        resampled: Whether voxels were resampled; else each voxel is one of the old grid, at its place.
        notes: What a user should know, one sentence each.
    """

    label_map: LabelMap
    resampled: bool
    notes: tuple[str, ...] = ()


def put_on_grid(label_map: LabelMap, grid: Grid, *, resample: bool = False) -> Regridded:
    """Put a label map on the grid of an image.

    Where both grids are parts of one lattice (cut out, reordered or flipped axes) each voxel keeps its place
    and value. Any other grid is resampled if that was asked for, and refused if not.

    Args:
        label_map: On any grid.
        grid: The grid of the image.
        resample: Whether to take for each voxel of the image the nearest one of the label map.

    Raises:
        GridMismatchError: The grids differ and ``resample`` is not set (``reason`` is ``other-grid``), or
            labelled voxels lie outside of the image (``outside-image``), which not even resampling keeps.
    """
    moved = _same_lattice(label_map.grid, grid)
    if moved is None and not resample:
        raise GridMismatchError(
            f"the label map does not lie on the image's grid: {_difference(label_map.grid, grid)}",
            hint="resample it on request (--resample), or take the image that it was drawn on",
            reason="other-grid",
            expected=list(grid.shape_kji),
            found=list(label_map.grid.shape_kji),
        )
    if moved is not None:
        return Regridded(_put(label_map, grid, moved), resampled=False)
    resampled = _resampled(label_map, grid)
    return Regridded(resampled, resampled=True, notes=_told(label_map, resampled))


@dataclass(frozen=True)
class _Move:
    """Where each axis of a grid lies in another of the same lattice.

    Attributes:
        axes: For each axis of the new grid the axis of the old one that runs along it.
        signs: 1 where both run the same way, -1 where they run against each other.
        offset: The new index of the old voxel 0, 0, 0.
    """

    axes: tuple[int, int, int]
    signs: tuple[int, int, int]
    offset: tuple[int, int, int]


def _same_lattice(old: Grid, new: Grid) -> _Move | None:
    """How a grid's voxels fall on another's; None where they don't."""
    matrix = new.lps_mm_to_index @ old.index_to_lps_mm
    whole = np.rint(matrix)
    turn = whole[:3, :3].astype(int)
    if not np.array_equal(np.abs(turn) @ np.abs(turn).T, np.eye(3, dtype=int)):
        return None
    last = np.array(old.shape_kji, dtype=np.float64) - 1
    corners = np.array(list(np.ndindex(2, 2, 2))) * last
    exact = new.to_lps_mm(corners @ whole[:3, :3].T + whole[:3, 3])
    if np.linalg.norm(exact - old.corners_lps_mm(), axis=1).max() > FLOAT32_TOLERANCE_MM:
        return None
    axes = tuple(int(np.flatnonzero(row)[0]) for row in turn)
    signs = tuple(int(row.sum()) for row in turn)
    return _Move(axes, signs, tuple(int(n) for n in whole[:3, 3]))  # type: ignore[arg-type]


def _put(label_map: LabelMap, grid: Grid, move: _Move) -> LabelMap:
    layers = []
    for number, old in enumerate(label_map.layers):
        turned = old.transpose(move.axes)[tuple(slice(None, None, sign) for sign in move.signs)]
        here, there = zip(
            *(
                _overlap(length, sign, offset, extent)
                for length, sign, offset, extent in zip(
                    turned.shape, move.signs, move.offset, grid.shape_kji, strict=True
                )
            ),
            strict=True,
        )
        new = np.zeros(grid.shape_kji, old.dtype)
        new[there] = turned[here]
        lost = int(np.count_nonzero(old)) - int(np.count_nonzero(new))
        if lost:
            _refuse_outside(lost, label_map, number)
        layers.append(new)
    return LabelMap(grid, tuple(layers), label_map.structures)


def _overlap(length: int, sign: int, offset: int, extent: int) -> tuple[slice, slice]:
    """Which part of an axis, turned to run the new way, lies on the new grid, and where there."""
    first = offset if sign > 0 else offset - (length - 1)
    start, stop = max(first, 0), min(first + length, extent)
    stop = max(stop, start)
    return slice(start - first, stop - first), slice(start, stop)


def _refuse_outside(lost: int, label_map: LabelMap, layer: int) -> None:
    names = [s.name for s in label_map.structures if s.layer == layer]
    raise GridMismatchError(
        f"{lost} labelled voxels (of {', '.join(names[:4])}) lie outside of the image",
        hint="take the image that it was drawn on",
        reason="outside-image",
        voxels=lost,
    )


def _resampled(label_map: LabelMap, grid: Grid) -> LabelMap:
    layers = tuple(
        np.stack([_nearest(old, index) for index in _old_indices(label_map.grid, grid)])
        for old in label_map.layers
    )
    resampled = LabelMap(grid, layers, label_map.structures)
    outside = _volume_outside_mm3(label_map, grid)
    if outside > label_map.grid.voxel_volume_mm3 / 2:
        raise GridMismatchError(
            f"{outside / 1000:.3g} ml of the label map's structures lie outside of the image",
            hint="take the image that it was drawn on",
            reason="outside-image",
            volume_mm3=outside,
        )
    return resampled


def _old_indices(old: Grid, new: Grid) -> Iterator[npt.NDArray[np.float64]]:
    """For each slice of the new grid the fractional indices of its voxels in the old one, ``(j, i, 3)``."""
    matrix = old.lps_mm_to_index @ new.index_to_lps_mm
    _, rows, columns = new.shape_kji
    in_slice = (
        np.arange(rows)[:, None, None] * matrix[:3, 1] + np.arange(columns)[None, :, None] * matrix[:3, 2]
    )
    for k in range(new.shape_kji[0]):
        yield in_slice + (k * matrix[:3, 0] + matrix[:3, 3])


def _nearest(voxels: npt.NDArray[Any], index: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    # Halves go up, along every axis the same: np.rint's ties to even would make steps of two voxels.
    nearest = np.floor(index + 0.5).astype(np.intp)
    inside = ((nearest >= 0) & (nearest < voxels.shape)).all(axis=-1)
    values = np.zeros(index.shape[:-1], voxels.dtype)
    values[inside] = voxels[tuple(nearest[inside].T)]
    return values


def _volume_outside_mm3(label_map: LabelMap, grid: Grid) -> float:
    """How much of the structures lies in voxels whose centre is outside of every voxel of a grid."""
    count = 0
    for layer in label_map.layers:
        centres = grid.to_index(label_map.grid.to_lps_mm(np.argwhere(layer)))
        count += int(((centres < -0.5) | (centres > np.array(grid.shape_kji) - 0.5)).any(axis=1).sum())
    return count * label_map.grid.voxel_volume_mm3


def _told(before: LabelMap, after: LabelMap) -> tuple[str, ...]:
    done = (
        f"resampled with nearest neighbour onto the image's grid: {_difference(before.grid, after.grid)}; "
        "borders moved by up to half a voxel"
    )
    return (done, *(line for s in before.structures if (line := _change(before, after, s.id))))


def _change(before: LabelMap, after: LabelMap, structure_id: str) -> str:
    volumes_ml = [
        np.count_nonzero(one.mask(structure_id)) * one.grid.voxel_volume_mm3 / 1000 for one in (before, after)
    ]
    if abs(volumes_ml[1] - volumes_ml[0]) <= MIN_TOLD_CHANGE * volumes_ml[0]:
        return ""
    name = before.structure(structure_id).name
    return f"{name}: {volumes_ml[0]:.4g} ml before, {volumes_ml[1]:.4g} ml after resampling"


def _difference(found: Grid, expected: Grid) -> str:
    parts = []
    if found.shape_kji != expected.shape_kji:
        parts.append(f"{_by(found.shape_kji)} voxels (k, j, i) where the image has {_by(expected.shape_kji)}")
    if not np.allclose(found.spacing_kji_mm, expected.spacing_kji_mm, atol=FLOAT32_TOLERANCE_MM):
        parts.append(
            f"spacing {_by(found.spacing_kji_mm)} mm where the image has {_by(expected.spacing_kji_mm)}"
        )
    angle_deg = _largest_angle_deg(found, expected)
    if angle_deg > 1e-3:
        parts.append(f"axes turned by {angle_deg:.3g}°")
    apart_mm = float(np.linalg.norm(found.origin_lps_mm - expected.origin_lps_mm))
    if apart_mm > FLOAT32_TOLERANCE_MM:
        parts.append(f"first voxels {apart_mm:.4g} mm apart")
    return "; ".join(parts) or "corners apart"


def _largest_angle_deg(found: Grid, expected: Grid) -> float:
    """The largest angle between an axis and the nearest axis of the other grid, whichever way it runs."""
    cosines = np.abs(found.directions.T @ expected.directions).max(axis=1)
    return float(np.degrees(np.arccos(np.clip(cosines.min(), -1, 1))))


def _by(numbers: Sequence[float]) -> str:
    return " × ".join(f"{number:.4g}" for number in numbers)
