"""What of a case lies on a plane: drawn contours solid, proposed ones dashed, others where they cross it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, Origin, Slice
from medseg.measurement.measured import Line
from medseg.space import Plane
from medseg.workflows.delineate import Proposal
from napari_medseg.case import Case
from napari_medseg.views.calipers import caliper_lines
from napari_medseg.views.plane_lines import Polyline
from napari_medseg.views.plane_view import PlaneView

DRAWN, PROPOSED, CROSSING, MEASURED = "drawn", "proposed", "crossing", "measured"
OFFERED, HINTS = "offered", "hints"
"""The groups of lines."""

HOLE_COLOR = "#ffffff"
"""Holes are white: an outline in the structure's colour always has the structure on its inner side."""

WIDTH_PX = 2.0
OFFERED_WIDTH_PX = 3.0
"""What a segmenter proposes stands out from what the engine does."""
CROSSING_WIDTH_PX = 1.0


AssistLines = Callable[[PlaneView, frozenset[str]], Mapping[str, Sequence[Polyline]]]


class Outlines:
    """Shows the contours of a case on a view.

    Attributes:
        proposal: What the engine proposes; None where nothing is.
        hidden: Ids of the structures that are not shown.
        measured: Lines along which something was measured.
        shows_nothing: Whether the image is shown alone.
        assist_lines: What a segmenter proposes and what was pointed out to it, by group of lines, on a view
            without the structures that are hidden.
    """

    def __init__(self, case: Case, view: PlaneView) -> None:
        self._case = case
        self._view = view
        self._shown_on: Slice | None = None
        self.proposal: Proposal | None = None
        self.hidden: frozenset[str] = frozenset()
        self.measured: tuple[Line, ...] = ()
        self.shows_nothing = False
        self.assist_lines: AssistLines = _none

    @property
    def view(self) -> PlaneView:
        """Where they are shown."""
        return self._view

    def show(self) -> None:
        """Show what there is on the plane that is shown now."""
        view = self._view
        self._shown_on = view.where
        if self.shows_nothing:
            view.lines.clear()
            return
        mm_per_px = view.mm_per_px
        drawn, crossing = self._drawn()
        view.lines.show(CROSSING, crossing, mm_per_px=mm_per_px, width_px=CROSSING_WIDTH_PX)
        view.lines.show(PROPOSED, self._proposed(), mm_per_px=mm_per_px, width_px=WIDTH_PX)
        view.lines.show(DRAWN, drawn, mm_per_px=mm_per_px, width_px=WIDTH_PX)
        calipers = caliper_lines(self.measured, view)
        view.lines.show(MEASURED, calipers, mm_per_px=mm_per_px, width_px=WIDTH_PX)
        assist = self.assist_lines(view, self.hidden)
        view.lines.show(OFFERED, assist.get(OFFERED, ()), mm_per_px=mm_per_px, width_px=OFFERED_WIDTH_PX)
        view.lines.show(HINTS, assist.get(HINTS, ()), mm_per_px=mm_per_px, width_px=WIDTH_PX)

    def follow(self) -> None:
        """The same where the view has moved on to another slice since; the others need no new picture."""
        if self._view.where != self._shown_on:
            self.show()

    def contours_here(self, structure_id: str) -> tuple[Contour, ...]:
        """The contours of a structure on the plane that is shown."""
        here, _ = self._sorted(self._case.contours.of(structure_id))
        return here

    def _sorted(self, contours: Iterable[Contour]) -> tuple[tuple[Contour, ...], tuple[Contour, ...]]:
        """Contours on the plane, and all others."""
        own = tuple(contours)
        if self._view.grid is self._case.volume.grid:
            where = self._view.where
            on_it = [self._case.placements.of(c) == where for c in own]
        else:
            plane = self._view.plane
            on_it = [bool(np.abs(plane.distance_mm(c.points_lps_mm)).max() <= NEAR_MM) for c in own]
        here = tuple(c for c, on in zip(own, on_it, strict=True) if on)
        return here, tuple(c for c, on in zip(own, on_it, strict=True) if not on)

    def _drawn(self) -> tuple[list[Polyline], list[Polyline]]:
        view = self._view
        drawn: list[Polyline] = []
        crossing: list[Polyline] = []
        for structure in self._case.structures:
            if structure.id in self.hidden:
                continue
            here, others = self._sorted(self._case.contours.of(structure.id))
            for contour in here:
                color = HOLE_COLOR if contour.hole else structure.color
                drawn.append(Polyline(view.world_of(contour.points_lps_mm), color, closed=True))
            # What was accepted is on every slice: lines of it would hide the image.
            by_hand = [c for c in others if c.origin is not Origin.INTERPOLATED]
            crossing += [
                Polyline(view.world_of(ends), structure.color) for ends in crossings(by_hand, view.plane)
            ]
        return drawn, crossing

    def _proposed(self) -> list[Polyline]:
        proposal, view = self.proposal, self._view
        if proposal is None:
            return []
        where: Slice = view.where
        shown = (s for s in proposal.delineation.structures if s.id not in self.hidden)
        return [
            Polyline(
                view.world_of(contour.points_lps_mm),
                HOLE_COLOR if contour.hole else structure.color,
                closed=True,
                # Of a structure that is complete nothing is a proposal.
                dashed=bool(proposal.open_slices.get(structure.id)),
            )
            for structure in shown
            for contour in self._outline(proposal, structure.id, where)
        ]

    def _outline(self, proposal: Proposal, structure_id: str, where: Slice) -> tuple[Contour, ...]:
        if self._view.grid is proposal.grid:
            return proposal.outline(structure_id, where)
        if self.contours_here(structure_id):
            return ()
        return proposal.outline_on(structure_id, self._view.grid, where)


def _none(_view: PlaneView, _hidden: frozenset[str]) -> Mapping[str, Sequence[Polyline]]:
    return {}


NEAR_MM = 0.02
"""A contour this near to an upright plane was drawn on it."""


def crossings(contours: Iterable[Contour], plane: Plane) -> npt.NDArray[np.float64]:
    """Where a plane cuts the inside of contours on other planes.

    Returns:
        The ends of the cuts in patient space, shape ``(n, 2, 3)``, by even-odd for each contour.
    """
    group = tuple(contours)
    rings = [c.points_lps_mm for c in group]
    if not rings:
        return np.zeros((0, 2, 3))
    points = np.concatenate(rings)
    following = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    number = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    near, far = plane.distance_mm(points), plane.distance_mm(following)
    # Half-open, so that a vertex on the plane counts once and each ring is cut an even number of times.
    cut = (near >= 0) != (far >= 0)
    share = (near[cut] / (near[cut] - far[cut]))[:, None]
    at, number = points[cut] + share * (following[cut] - points[cut]), number[cut]
    # Each contour is cut along the line in which its plane crosses this one.
    lines = np.array([np.cross(plane.normal, c.plane.normal) for c in group])
    order = np.lexsort((np.einsum("ij,ij->i", at, lines[number]), number))
    return np.asarray(at[order].reshape(-1, 2, 3))
