"""Edits of what a structure has on a plane that need no mouse: each is one step of undo."""

from __future__ import annotations

from medseg.contour import Contour, Slice, simplify, slice_of, smooth
from medseg.errors import ContourError
from medseg.workflows.delineate import between_slices
from medseg.workflows.edges import PlaneImage, carry_over
from napari_medseg.tools.tool import Slate
from napari_medseg.tools.unchanged import are_same

SMOOTHING_MM = 1.0
"""Each time takes waves of 2 mm and shorter away."""

SIMPLIFYING_MM = 0.1
"""A tenth of what a hand is off by."""


def deleted(slate: Slate) -> None:
    """Delete what the structure has on the plane.

    Raises:
        ContourError: It has nothing there.
        LockedError: The structure can't be written.
    """
    _some(slate)
    slate.replace((), "delete")


def smoothed(slate: Slate, sigma_mm: float = SMOOTHING_MM) -> None:
    """Smooth the outlines; their area stays. See :func:`~medseg.contour.smooth`.

    Raises:
        ContourError: There is no contour, or sigma is not above 0.
        LockedError: The structure can't be written.
    """
    slate.replace(smooth(_some(slate), sigma_mm), "smooth")


def simplified(slate: Slate, tolerance_mm: float = SIMPLIFYING_MM) -> None:
    """Leave out vertices that tell nothing. See :func:`~medseg.contour.simplify`.

    Raises:
        ContourError: There is no contour, no vertex can be left out, or the tolerance is not above 0.
        LockedError: The structure can't be written.
    """
    before = _some(slate)
    after = simplify(before, tolerance_mm)
    if are_same(before, after):
        raise ContourError(
            f"no vertex can be left out within {tolerance_mm:g} mm", hint="the contours are simple already"
        )
    slate.replace(after, "simplify")


def from_neighbours(slate: Slate) -> None:
    """Propose what the structure has on the plane from its contours before and behind, not as a copy.

    Between two neighbours it is interpolated. Beyond the last one, that contour is carried over to where the
    image looks as it does there. It takes the place of what was there, is of origin ``assisted``, and counts
    as drawn.

    Raises:
        ContourError: There is no contour on a parallel slice, or nothing lies between the two.
        LockedError: The structure can't be written.
    """
    slate.replace(_proposed(slate), "from neighbours")


def _proposed(slate: Slate) -> tuple[Contour, ...]:
    before, behind = slate.neighbours
    where = slate.where
    if not isinstance(where, Slice) or not (before or behind):
        raise ContourError(
            "there is no contour on a parallel slice of the image to propose from",
            hint="draw one on a slice before or behind this one",
        )
    if not (before and behind):
        return _carried_over(before or behind, slate)
    between = between_slices(before, behind, where, slate.samples().grid)
    if not between:
        raise ContourError(
            "the contours before and behind share nothing that could go on here", hint="draw it by hand"
        )
    return between


def _carried_over(contours: tuple[Contour, ...], slate: Slate) -> tuple[Contour, ...]:
    here = slate.samples()
    there = slate.samples(slice_of(contours[0], here.grid))
    images = [PlaneImage(samples.values, samples.grid, samples.where) for samples in (there, here)]
    return carry_over(contours, *images)


def _some(slate: Slate) -> tuple[Contour, ...]:
    contours = slate.contours
    if not contours:
        raise ContourError("there is no contour on this slice", hint="go to a contoured slice")
    return contours
