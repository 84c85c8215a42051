"""The methods of interpolation, by name.

Each stands in a file of its own and is entered here. What they need is imported when one runs: compiled
loops take a while to load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from medseg.errors import ContourError
from medseg.interpolation.drawn import DrawnStructure
from medseg.interpolation.field import Field
from medseg.interpolation.parallel import Memo
from medseg.progress import Progress

AUTO = "auto"
"""Chooses for each structure: :data:`PARALLEL` between parallel slices, else :data:`MIXED`."""

PARALLEL = "combined"
MIXED = "blended"
PREVIEW = "signed-distance"


@dataclass(frozen=True)
class Method:
    """A way to complete one structure.

    Attributes:
        title: What people read.
        any_planes: Whether it takes planes of any orientation; else parallel slices of the grid alone,
            which then stand in the field exactly as drawn.
        complete: Proposes a structure from the planes on which it was drawn. What it has worked out
            before it takes from the memo, if there is one.
    """

    title: str
    any_planes: bool
    complete: Callable[[DrawnStructure, Memo | None, Progress], Field]


def _signed_distance(drawn: DrawnStructure, memo: Memo | None, progress: Progress) -> Field:
    from medseg.interpolation.parallel import complete_parallel
    from medseg.interpolation.signed_distance import signed_distance

    return complete_parallel(drawn, signed_distance, memo=memo, progress=progress)


def _combined(drawn: DrawnStructure, memo: Memo | None, progress: Progress) -> Field:
    from medseg.interpolation.combined import combined
    from medseg.interpolation.parallel import complete_parallel

    return complete_parallel(drawn, combined, memo=memo, progress=progress)


def _radial_basis(drawn: DrawnStructure, _memo: Memo | None, progress: Progress) -> Field:
    from medseg.interpolation.radial_basis import complete

    return complete(drawn, progress=progress)


def _blended(drawn: DrawnStructure, memo: Memo | None, progress: Progress) -> Field:
    from medseg.interpolation.blended import complete

    return complete(drawn, memo=memo, progress=progress)


METHODS: dict[str, Method] = {
    "signed-distance": Method("Signed distance (preview)", any_planes=False, complete=_signed_distance),
    "combined": Method("Signed distance, flow and area", any_planes=False, complete=_combined),
    "radial-basis": Method("Radial basis functions", any_planes=True, complete=_radial_basis),
    "blended": Method("Radial basis functions and parallel slices", any_planes=True, complete=_blended),
}


def method_for(name: str, drawn: DrawnStructure) -> str:
    """The method that completes a structure.

    Args:
        name: A name from :data:`METHODS`, or :data:`AUTO`.
        drawn: The structure.

    Raises:
        ValueError: There is none of this name.
        ContourError: The method needs parallel slices, and the structure was drawn on others too.
    """
    if name != AUTO and name not in METHODS:
        raise ValueError(f"expected a method of {sorted([AUTO, *METHODS])}, got {name!r}")
    parallel = drawn.parallel_axis is not None
    if name == AUTO:
        return PARALLEL if parallel else MIXED
    if not (parallel or METHODS[name].any_planes):
        planes = ", ".join(map(str, list(drawn.masks)[:4]))
        raise ContourError(
            f"method {name!r} needs parallel slices, but structure {drawn.structure_id!r} was drawn on "
            f"planes of several directions ({planes} …)",
            hint=f"use {MIXED!r}, or {AUTO!r}, which chooses by itself",
            structure_id=drawn.structure_id,
        )
    return name
