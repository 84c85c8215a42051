"""Which contours the voxels of a structure come from: planes with contours, and the blocks between them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, ContourSet, Origin, Placement, Slice, by_placement
from medseg.labelmap import LabelMap
from medseg.provenance.record import Interpolated

REACH_PLANES = 1
"""A gap is filled from its two slices, and from the next ones beyond them, which give the slope."""


@dataclass(frozen=True)
class ContourPlane:
    """The contours of a structure on one plane.

    Attributes:
        structure_id: The structure.
        where: The plane, such as ``k=12``, or ``k=7+0.25j`` for an oblique one.
        origin: How they came to be.
        count: How many contours.
        sha256: Digest of the contours, see :func:`contours_sha256`.
    """

    structure_id: str
    where: str
    origin: Origin
    count: int
    sha256: str


class BlockKind(StrEnum):
    """How a block of voxels lies to the planes with contours."""

    ON_PLANE = "on-plane"
    BETWEEN = "between"
    OUTSIDE = "outside"
    WHOLE = "whole"


@dataclass(frozen=True)
class VoxelBlock:
    """Voxels of a structure that come from the same contours.

    Attributes:
        structure_id: The structure.
        kind: On a plane with contours, between two of them, outside of all, or the whole structure, where
            its planes run in several directions or there are none.
        where: Its slices, such as ``k=5`` or ``k=5..8``; empty for a whole structure.
        voxel_count: How many voxels.
        sha256: Digest of where they lie: as of a structure, see
            :func:`~medseg.provenance.voxel_digest.structure_sha256`.
        derived_from: The planes that it is bounded by or lies on. Empty where the voxels themselves came in.
        influenced_by: Further planes that had a say.
    """

    structure_id: str
    kind: BlockKind
    where: str
    voxel_count: int
    sha256: str
    derived_from: tuple[ContourPlane, ...] = ()
    influenced_by: tuple[ContourPlane, ...] = ()


def contours_sha256(contours: Iterable[Contour]) -> str:
    """SHA-256 of contours: of each whether it is a hole, its number of vertices, its plane and its vertices.

    All numbers are little-endian, 64 bits wide; mm in LPS.
    """
    digest = hashlib.sha256()
    for contour in contours:
        digest.update(np.array([contour.hole, len(contour.points_mm)], "<i8").tobytes())
        plane = contour.plane
        for numbers in (plane.origin_lps_mm, plane.u, plane.v, contour.points_mm):
            digest.update(np.ascontiguousarray(numbers, "<f8").tobytes())
    return digest.hexdigest()


def blocks_of(
    label_map: LabelMap, contours: ContourSet, structure_id: str, completed: Interpolated | None
) -> tuple[tuple[ContourPlane, ...], tuple[VoxelBlock, ...]]:
    """The planes of a structure with contours, and the blocks that its voxels fall into.

    Args:
        label_map: The voxels.
        contours: The contours that they were made from.
        structure_id: The structure.
        completed: How it was completed between its planes; None where it was not.

    Raises:
        ContourError: A contour lies on a slice beyond the first or the last one of the grid.
    """
    placed = by_placement(contours.of(structure_id), label_map.grid)
    planes = {where: tuple(_planes(structure_id, where, group)) for where, group in placed.items()}
    everything = tuple(plane for group in planes.values() for plane in group)
    voxels = _Voxels(label_map, structure_id)
    slices = sorted(where for where in placed if isinstance(where, Slice))
    if len(slices) < len(placed) or len({where.axis for where in slices}) != 1:
        block = voxels.block(BlockKind.WHOLE, derived_from=everything if completed else ())
        return everything, tuple(block)
    groups = [planes[where] for where in slices]
    return tuple(plane for group in groups for plane in group), tuple(
        _parallel(voxels, slices, groups, completed)
    )


def _planes(structure_id: str, where: Placement, contours: Sequence[Contour]) -> Iterator[ContourPlane]:
    for origin in Origin:
        some = [contour for contour in contours if contour.origin is origin]
        if some:
            yield ContourPlane(structure_id, str(where), origin, len(some), contours_sha256(some))


def _parallel(
    voxels: _Voxels,
    slices: Sequence[Slice],
    groups: Sequence[tuple[ContourPlane, ...]],
    completed: Interpolated | None,
) -> Iterator[VoxelBlock]:
    axis, last = slices[0].axis, len(slices) - 1
    yield from voxels.block(BlockKind.OUTSIDE, axis, (0, slices[0].index))
    for number, where in enumerate(slices):
        index = where.index
        yield from voxels.block(BlockKind.ON_PLANE, axis, (index, index + 1), derived_from=groups[number])
        if number < last:
            bounding = {number, number + 1} if completed else set()
            said = _influential(number, len(slices), completed) - bounding
            yield from voxels.block(
                BlockKind.BETWEEN,
                axis,
                (index + 1, slices[number + 1].index),
                derived_from=_joined(groups, bounding),
                influenced_by=_joined(groups, said),
            )
    yield from voxels.block(BlockKind.OUTSIDE, axis, (slices[-1].index + 1, voxels.length(axis)))


def _influential(before: int, count: int, completed: Interpolated | None) -> set[int]:
    if completed is None:
        return set()
    if completed.image_used:  # what the image looks like inside is learnt on all planes
        return set(range(count))
    return set(range(max(before - REACH_PLANES, 0), min(before + 2 + REACH_PLANES, count)))


def _joined(groups: Sequence[tuple[ContourPlane, ...]], numbers: set[int]) -> tuple[ContourPlane, ...]:
    return tuple(plane for number in sorted(numbers) for plane in groups[number])


class _Voxels:
    """Where a structure lies, looked up once for all its blocks."""

    def __init__(self, label_map: LabelMap, structure_id: str) -> None:
        structure = label_map.structure(structure_id)
        layer = label_map.layers[structure.layer]
        self._structure_id = structure_id
        self._shape = layer.shape
        self._positions: npt.NDArray[np.intp] = np.flatnonzero(layer.ravel() == structure.label)
        self._by_slice: dict[int, tuple[npt.NDArray[np.uint16 | np.intp], npt.NDArray[np.intp]]] = {}

    def length(self, axis: int) -> int:
        """How many slices there are along an array axis."""
        return int(self._shape[axis])

    def block(
        self,
        kind: BlockKind,
        axis: int = 0,
        slices: tuple[int, int] | None = None,
        *,
        derived_from: tuple[ContourPlane, ...] = (),
        influenced_by: tuple[ContourPlane, ...] = (),
    ) -> Iterator[VoxelBlock]:
        """The block of the slices from the first up to, not including, the last; none without a voxel."""
        positions, where = self._positions, ""
        if slices is not None:
            positions = self._on(axis, slices)
            where = f"{'kji'[axis]}={slices[0]}"
            where += f"..{slices[1] - 1}" if slices[1] - slices[0] > 1 else ""
        if positions.size:
            digest = hashlib.sha256(positions.astype("<u8").data).hexdigest()
            yield VoxelBlock(
                self._structure_id, kind, where, positions.size, digest, derived_from, influenced_by
            )

    def _on(self, axis: int, slices: tuple[int, int]) -> npt.NDArray[np.intp]:
        """The voxels on the slices from the first up to, not including, the last, ascending."""
        if axis not in self._by_slice:
            index = self._positions // math.prod(self._shape[axis + 1 :]) % self._shape[axis]
            # Numbers of 16 bits are sorted in one sweep.
            index = index.astype(np.uint16) if self._shape[axis] <= np.iinfo(np.uint16).max else index
            order = np.argsort(index, kind="stable")
            self._by_slice[axis] = index[order], self._positions[order]
        index, positions = self._by_slice[axis]
        first, last = np.searchsorted(index, np.array(slices, index.dtype))
        return np.sort(positions[first:last])
