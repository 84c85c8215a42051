"""Sparse contours → whole structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from medseg.contour import ContourSet, Placement, Slice, by_placement
from medseg.errors import ContourError
from medseg.interpolation.alone import lone_pieces
from medseg.interpolation.completion import CompletedStructure, Completion
from medseg.interpolation.conflicts import find_conflicts
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.interpolation.nesting import nested_pairs
from medseg.interpolation.parallel import Memo
from medseg.interpolation.pins import pin
from medseg.interpolation.registry import AUTO, METHODS, method_for
from medseg.interpolation.unjoined import unjoined
from medseg.labelmap import Claim, Structure, fill, overlay
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import Volume

Masks = Mapping[Slice, npt.NDArray[np.bool_]] | Mapping[Placement, npt.NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Settings:
    """How structures are completed, the same for all of a case.

    Attributes:
        method: A name from :data:`~medseg.interpolation.registry.METHODS`, or ``"auto"``.
        image: The image on the same grid; it takes part where it is proven to help.
        memo: What earlier runs have worked out.
    """

    method: str = AUTO
    image: Volume | None = None
    memo: Memo | None = None


def interpolate(
    contours: ContourSet,
    grid: Grid,
    structures: Sequence[Structure],
    *,
    method: str = AUTO,
    image: Volume | None = None,
    memo: Memo | None = None,
    progress: Progress = silent,
) -> Completion:
    """Complete structures between their contours.

    The contours of a structure may lie on slices along any axis of the grid, on oblique planes and between
    slices. Each drawn plane comes out exactly as drawn; where two cross and disagree, the one that was
    drawn later counts. Between parallel slices nothing reaches beyond the first and the last of them.

    Args:
        contours: The contours that were drawn, in the order of drawing.
        grid: The grid of the image.
        structures: The structures that they name.
        method: A name from :data:`medseg.interpolation.METHODS`. By default ``combined`` between parallel
            slices and ``blended`` for planes of several directions.
        image: The image. It takes part where predicting the reader's own contours shows that it helps;
            :attr:`~medseg.interpolation.CompletedStructure.image` tells.
        memo: Remembers gaps between runs, so that the next run recomputes only what changed.
        progress: Called between the steps; raise :class:`~medseg.errors.Cancelled` from it to stop.

    Raises:
        ContourError: A contour lies on a slice outside the grid, or the method can't take its plane.
        GridMismatchError: The image lies on another grid.
        ValueError: There is no such method.
    """
    drawn: dict[str, dict[Placement, npt.NDArray[np.bool_]]] = {}
    unfilled = []
    for structure in structures:
        drawn[structure.id] = {}
        for where, group in by_placement(contours.of(structure.id), grid).items():
            mask = fill(group, grid, where)
            if mask.any():
                drawn[structure.id][where] = mask
            else:
                unfilled.append((structure.id, where))
    completion = interpolate_masks(
        drawn, grid, structures, method=method, image=image, memo=memo, progress=progress
    )
    return replace(completion, unfilled=tuple(unfilled))


def interpolate_masks(
    drawn: Mapping[str, Masks],
    grid: Grid,
    structures: Sequence[Structure],
    *,
    method: str = AUTO,
    image: Volume | None = None,
    memo: Memo | None = None,
    progress: Progress = silent,
) -> Completion:
    """Complete structures between planes that are given as voxels; see :func:`interpolate`.

    Args:
        drawn: For each structure id the drawn planes, in the order of drawing, and the structure's mask on
            each: the two array axes other than the plane's, in array order.
        grid: The grid of the image.
        structures: The structures.
        method: A name from :data:`medseg.interpolation.METHODS`, or ``"auto"``.
        image: The image on the same grid, or None.
        memo: Remembers gaps between runs.
        progress: Called between the steps.
    """
    if image is not None:
        image.grid.require_same_as(grid, "image and contours")
    settings = Settings(method, image, memo)
    completed: dict[str, CompletedStructure] = {}
    for number, structure in enumerate(structures):
        progress("Interpolating", number, len(structures))
        masks = drawn.get(structure.id, {})
        if any(mask.any() for mask in masks.values()):
            _require_shapes(structure.id, masks, grid)
            completed[structure.id] = complete_structure(
                DrawnStructure(structure.id, grid, dict(masks.items())), settings, progress
            )
    progress("Interpolating", len(structures), len(structures))
    return assemble(completed, grid, structures)


def complete_structure(
    drawn: DrawnStructure, settings: Settings, progress: Progress = silent
) -> CompletedStructure:
    """Complete one structure."""
    name = method_for(settings.method, drawn)

    def complete(some: DrawnStructure) -> Field:
        return METHODS[name].complete(some, settings.memo, progress)

    if settings.image is None:
        field = complete(drawn)
        # Parallel slices are part of what their methods fill in between.
        return CompletedStructure(drawn, name, pin(field, drawn) if METHODS[name].any_planes else field)
    from medseg.interpolation.image_help import complete_with_image

    field, use = complete_with_image(drawn, settings.image.voxels, complete, progress=progress)
    return CompletedStructure(drawn, name, pin(field, drawn), use)


def assemble(
    completed: Mapping[str, CompletedStructure], grid: Grid, structures: Sequence[Structure]
) -> Completion:
    """Put structures together, with what has to be said of them."""
    claims = [
        Claim(structure_id, one.field.corner_kji, one.field.depth_mm)
        for structure_id, one in completed.items()
    ]
    nested = nested_pairs(completed, structures)
    return Completion(
        overlay(claims, grid, structures, nested),
        dict(completed),
        open_gaps=tuple(gap for one in completed.values() for gap in unjoined(one.drawn, one.field)),
        alone=tuple(piece for one in completed.values() for piece in lone_pieces(one.drawn, one.field)),
        conflicts=tuple(
            conflict
            for one in completed.values()
            # Parallel slices never cross.
            if one.drawn.parallel_axis is None
            for conflict in find_conflicts(one.drawn)
        ),
        nested=nested,
    )


def _require_shapes(structure_id: str, masks: Masks, grid: Grid) -> None:
    for where, mask in masks.items():
        expected = tuple(n for axis, n in enumerate(grid.shape_kji) if axis != where.axis)
        if mask.shape != expected or mask.dtype != np.bool_:
            raise ContourError(
                f"expected a mask of {expected} bool on {where}, got {mask.shape} {mask.dtype}",
                structure_id=structure_id,
            )
