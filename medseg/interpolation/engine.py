"""Sparse contours → whole structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from medseg.contour import ContourSet, Slice, by_slice
from medseg.errors import ContourError
from medseg.interpolation.method import DrawnSlices
from medseg.interpolation.registry import DEFAULT_METHOD, method_named
from medseg.labelmap import MIN_DEPTH_MM, Claim, LabelMap, Structure, fill_slice, overlay
from medseg.progress import Progress, silent
from medseg.space import Grid


@dataclass(frozen=True)
class OpenGap:
    """Two neighbouring drawn slices of a structure that could not be joined: nothing lies between."""

    structure_id: str
    first: Slice
    last: Slice


@dataclass(frozen=True, eq=False)
class Completion:
    """A completed label map and how it came about.

    Attributes:
        label_map: The drawn slices exactly as drawn, and what was interpolated between them.
        method: Name of the method in the registry.
        drawn: For each structure the slices that constrained it.
        open_gaps: Where the method found nothing between two drawn slices: the reader must draw there.
        unfilled: Structure and slice of contours that hold no voxel's centre, being too small or off the
            image. They take no part.
    """

    label_map: LabelMap
    method: str
    drawn: dict[str, tuple[Slice, ...]]
    open_gaps: tuple[OpenGap, ...]
    unfilled: tuple[tuple[str, Slice], ...] = ()


Masks = Mapping[Slice, npt.NDArray[np.bool_]]


def interpolate(
    contours: ContourSet,
    grid: Grid,
    structures: Sequence[Structure],
    *,
    method: str = DEFAULT_METHOD,
    progress: Progress = silent,
) -> Completion:
    """Complete structures between their contours.

    Each structure needs contours on parallel slices of the grid, along any one of its axes. Slices beyond
    the first and the last drawn one stay empty: nothing is extrapolated.

    Args:
        contours: The contours that were drawn.
        grid: The grid of the image.
        structures: The structures that they name.
        method: A name from :data:`medseg.interpolation.METHODS`.
        progress: Called before each structure.

    Raises:
        ContourError: A contour lies on no slice of the grid, or one structure has contours on slices
            along two axes.
        ValueError: There is no such method.
    """
    drawn: dict[str, dict[Slice, npt.NDArray[np.bool_]]] = {}
    unfilled = []
    for structure in structures:
        drawn[structure.id] = {}
        for where, group in by_slice(contours.of(structure.id), grid).items():
            mask = fill_slice(group, grid, where)
            if mask.any():
                drawn[structure.id][where] = mask
            else:
                unfilled.append((structure.id, where))
    completion = interpolate_masks(drawn, grid, structures, method=method, progress=progress)
    return replace(completion, unfilled=tuple(unfilled))


def interpolate_masks(
    drawn: Mapping[str, Masks],
    grid: Grid,
    structures: Sequence[Structure],
    *,
    method: str = DEFAULT_METHOD,
    progress: Progress = silent,
) -> Completion:
    """Complete structures between slices that are given as voxels; see :func:`interpolate`.

    Args:
        drawn: For each structure id the drawn slices and the structure's mask on each.
        grid: The grid of the image.
        structures: The structures.
        method: A name from :data:`medseg.interpolation.METHODS`.
        progress: Called before each structure.
    """
    claims, gaps = [], []
    for number, structure in enumerate(structures):
        progress("Interpolating", number, len(structures))
        masks = drawn.get(structure.id, {})
        if not any(mask.any() for mask in masks.values()):
            continue
        claim, open_gaps = _complete_one(structure.id, masks, grid, method)
        claims.append(claim)
        gaps.extend(open_gaps)
    progress("Interpolating", len(structures), len(structures))
    return Completion(
        overlay(claims, grid, structures),
        method,
        {structure_id: tuple(sorted(masks)) for structure_id, masks in drawn.items() if masks},
        tuple(gaps),
    )


def _complete_one(structure_id: str, masks: Masks, grid: Grid, method: str) -> tuple[Claim, list[OpenGap]]:
    axis = _only_axis(structure_id, masks)
    indices = sorted(where.index for where in masks)
    stack = np.stack([masks[Slice(axis, index)] for index in indices])
    (top, bottom), (left, right) = _extent(stack)
    # One voxel of background all around, which the distance transform needs.
    cropped = np.pad(stack[:, top:bottom, left:right], ((0, 0), (1, 1), (1, 1)))
    spacing = grid.spacing_kji_mm
    rows_mm, columns_mm = (mm for a, mm in enumerate(spacing) if a != axis)
    depth = np.full((indices[-1] - indices[0] + 1, bottom - top, right - left), -np.inf, np.float32)
    gaps = []
    for run in _runs_of_filled(cropped):
        drawn = DrawnSlices(tuple(indices[run]), cropped[run], (spacing[axis], rows_mm, columns_mm))
        part = depth[drawn.indices[0] - indices[0] : drawn.indices[-1] - indices[0] + 1]
        _fill_run(part, drawn, method)
        gaps.extend(_open_gaps(structure_id, axis, drawn.indices, part))
    corner_kji = np.insert([top, left], axis, indices[0])
    return Claim(structure_id, tuple(corner_kji.tolist()), np.moveaxis(depth, 0, axis)), gaps


def _fill_run(depth: npt.NDArray[np.float32], drawn: DrawnSlices, method: str) -> None:
    """Fill the depth from the first to the last of some drawn slices, each with the structure on it."""
    first = drawn.indices[0]
    for index, mask in zip(drawn.indices, drawn.masks[:, 1:-1, 1:-1], strict=True):
        depth[index - first] = np.where(mask, np.inf, -np.inf)
    if len(depth) == len(drawn.indices):
        return
    depth_at = method_named(method)(drawn)
    for index in sorted(set(range(first, drawn.indices[-1])) - set(drawn.indices)):
        depth[index - first] = depth_at(index)[1:-1, 1:-1]


def _runs_of_filled(masks: npt.NDArray[np.bool_]) -> list[slice]:
    """Split drawn slices where one is drawn as empty: the structure does not reach across it."""
    filled = np.any(masks, axis=(1, 2)).tolist()
    runs, start = [], None
    for number, has_voxels in enumerate([*filled, False]):
        if has_voxels and start is None:
            start = number
        elif not has_voxels and start is not None:
            runs.append(slice(start, number))
            start = None
    return runs


def _only_axis(structure_id: str, masks: Masks) -> int:
    axes = sorted({where.axis for where in masks})
    if len(axes) > 1:
        raise ContourError(
            f"structure {structure_id!r} has contours on slices along {' and '.join('kji'[a] for a in axes)}"
            ", but interpolation needs parallel slices",
            hint="keep the contours of each structure on one kind of slice",
            structure_id=structure_id,
        )
    return axes[0]


def _extent(stack: npt.NDArray[np.bool_]) -> tuple[tuple[int, int], tuple[int, int]]:
    rows = np.flatnonzero(stack.any(axis=(0, 2)))
    columns = np.flatnonzero(stack.any(axis=(0, 1)))
    return (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)


def _open_gaps(
    structure_id: str, axis: int, indices: Sequence[int], depth: npt.NDArray[np.float32]
) -> list[OpenGap]:
    filled = np.any(depth > MIN_DEPTH_MM, axis=(1, 2)).tolist()
    gaps = []
    for first, last in pairwise(indices):
        start, end = first - indices[0], last - indices[0]
        if filled[start] and filled[end] and not all(filled[start : end + 1]):
            gaps.append(OpenGap(structure_id, Slice(axis, first), Slice(axis, last)))
    return gaps
