"""What a structure has on a plane, and what it is to have there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from weakref import WeakKeyDictionary

from medseg.contour import (
    SAME_PLANE_TOLERANCE_MM,
    Contour,
    Origin,
    Placement,
    Slice,
    by_placement,
    place,
    plane_of,
    trace_slice,
)
from medseg.labelmap import LabelMap, ancestors
from medseg.space import Grid, Plane
from medseg.workflows.delineate.delineation import Delineation


class Placements:
    """Where contours lie on a grid, worked out once for each: contours never change.

    Args:
        grid: The grid of the image.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._placed: WeakKeyDictionary[Contour, Placement] = WeakKeyDictionary()

    def of(self, contour: Contour) -> Placement:
        """The slice or sheet of a contour.

        Raises:
            ContourError: It lies on a slice beyond the first or the last one of the grid.
        """
        where = self._placed.get(contour)
        if where is None:
            where = self._placed[contour] = place(contour, self.grid)
        return where

    def on(self, contours: Iterable[Contour], where: Placement) -> tuple[Contour, ...]:
        """The contours that lie on a plane, in their order."""
        if isinstance(where, Slice):
            return tuple(c for c in contours if self.of(c) == where)
        plane = plane_of(where, self.grid)
        return tuple(c for c in contours if not isinstance(self.of(c), Slice) and _lies_on(c, plane))


def planes_of(
    delineation: Delineation, structure_id: str, grid: Grid
) -> dict[Placement, tuple[Contour, ...]]:
    """The contours of a structure by plane; see :func:`~medseg.contour.by_placement`."""
    return by_placement(delineation.contours.of(structure_id), grid)


def contours_on(
    delineation: Delineation, structure_id: str, where: Placement, placements: Placements
) -> tuple[Contour, ...]:
    """What a structure has on a plane, as contours.

    Where it has none, but came as voxels, these are outlined: filled again they are the same voxels.
    """
    own = placements.on(delineation.contours.of(structure_id), where)
    if own or not isinstance(where, Slice) or not delineation.came_as_voxels(structure_id):
        return own
    voxels = delineation.voxels
    assert voxels is not None  # noqa: S101 - it came as voxels
    structure = voxels.structure(structure_id)
    mask = voxels.layers[structure.layer].take(where.index, axis=where.axis) == structure.label
    return trace_slice(mask, placements.grid, where, structure_id, Origin.IMPORTED)


def with_contours_on(
    delineation: Delineation,
    structure_id: str,
    where: Placement,
    contours: Iterable[Contour],
    placements: Placements,
) -> Delineation:
    """Replace what a structure has on a plane.

    Those that stay as they were keep their place among the contours; what is new comes last, so that where
    planes cross the plane counts as drawn on last. Nothing is nothing: what came as voxels goes there, too.

    Args:
        delineation: What there is.
        structure_id: The structure.
        where: The plane.
        contours: All that the structure has there from now on.
        placements: Where contours lie on the grid of the image.

    Raises:
        ContourError: A contour lies on a slice beyond the first or the last one of the grid.
    """
    wanted = tuple(contours)
    before = {id(c) for c in placements.on(delineation.contours.of(structure_id), where)}
    for contour in wanted:
        placements.of(contour)
    stays = {id(c) for c in wanted} & before
    kept = [c for c in delineation.contours if id(c) not in before or id(c) in stays]
    if not wanted and isinstance(where, Slice) and delineation.came_as_voxels(structure_id):
        delineation = replace(delineation, voxels=_emptied(delineation.voxels, structure_id, where))
    return delineation.with_contours((*kept, *(c for c in wanted if id(c) not in stays)))


def _emptied(voxels: LabelMap | None, structure_id: str, where: Slice) -> LabelMap | None:
    """The voxels without those of a structure on a slice: no contour could say that there are none."""
    if voxels is None:
        return None
    structure = voxels.structure(structure_id)
    here: list[slice | int] = [slice(None)] * 3
    here[where.axis] = where.index
    layer = voxels.layers[structure.layer].copy()
    on_slice = layer[tuple(here)]
    own = on_slice == structure.label
    if not own.any():
        return voxels
    by_id = {s.id: s for s in voxels.structures}
    wholes = [by_id[one] for one in ancestors(structure, by_id)]
    # Where a part is no longer, there is what it was part of.
    on_slice[own] = next((whole.label for whole in wholes if whole.layer == structure.layer), 0)
    layers = list(voxels.layers)
    layers[structure.layer] = layer
    return LabelMap.painted(voxels.grid, layers, voxels.structures)


def _lies_on(contour: Contour, plane: Plane) -> bool:
    return bool(abs(plane.distance_mm(contour.points_lps_mm)).max() <= SAME_PLANE_TOLERANCE_MM)
