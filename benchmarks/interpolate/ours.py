"""Completing one structure with medseg, as its users do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from medseg.contour import Slice
from medseg.interpolation import METHODS, Completion, interpolate_masks
from medseg.labelmap import Structure
from medseg.space import Grid
from medseg.volume import Volume

STRUCTURE = Structure("structure", "Structure", 1)


def complete(
    drawn: Mapping[Slice, npt.NDArray[np.bool_]],
    grid: Grid,
    method: str = "auto",
    image: Volume | None = None,
) -> npt.NDArray[np.bool_]:
    """The voxels of the whole structure from what was drawn of it."""
    return completion_of(drawn, grid, method, image).label_map.voxels > 0


def completion_of(
    drawn: Mapping[Slice, npt.NDArray[np.bool_]],
    grid: Grid,
    method: str = "auto",
    image: Volume | None = None,
) -> Completion:
    """The whole structure, and how it came about."""
    return interpolate_masks({STRUCTURE.id: drawn}, grid, [STRUCTURE], method=method, image=image)


def methods_for(*, mixed: bool, chosen: Sequence[str] = ()) -> list[str]:
    """The methods for planes of any direction, or those for parallel slices; or those that are chosen."""
    return [
        name
        for name, method in METHODS.items()
        if (name in chosen if chosen else method.any_planes == mixed) and (method.any_planes or not mixed)
    ]
