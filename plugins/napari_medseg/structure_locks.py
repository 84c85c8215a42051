"""Locked structures: no edit changes what they are or have."""

from __future__ import annotations

import numpy as np

from medseg.contour import ContourSet
from medseg.errors import LockedError
from medseg.workflows.delineate import Delineation


def require_unlocked(before: Delineation, after: Delineation) -> None:
    """Refuse an edit that touches a locked structure; locking and unlocking is none.

    Raises:
        LockedError: It does.
    """
    structures = {s.id: s for s in after.structures}
    for structure in before.structures:
        structure_id = structure.id
        if structure_id not in before.locked:
            continue
        same = structures.get(structure_id) == structure and _are_same(
            before.contours.of(structure_id), after.contours.of(structure_id)
        )
        same = same and _have_same_voxels(before, after, structure_id)
        if not same:
            raise LockedError(
                f"{structure.name} is locked: it was not changed",
                hint="unlock it in the list of structures to work on it",
                structure_id=structure_id,
            )


def _are_same(first: ContourSet, second: ContourSet) -> bool:
    return len(first) == len(second) and all(a is b for a, b in zip(first, second, strict=True))


def _have_same_voxels(before: Delineation, after: Delineation, structure_id: str) -> bool:
    was, now = before.voxels, after.voxels
    if was is now or was is None or not before.came_as_voxels(structure_id):
        return True
    if now is None or not after.came_as_voxels(structure_id):
        return False
    # A part that is taken out of a whole leaves it as it is: both have its voxels.
    return np.array_equal(was.mask_with_parts(structure_id), now.mask_with_parts(structure_id))
