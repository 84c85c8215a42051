"""What a segmenter proposes on a plane, and what was pointed out to it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from medseg.contour import Origin, Slice, trace_slice
from medseg.labelmap import Structure
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg.volume.resampled import Order, ResampledSlices
from medseg.workflows.delineate import proposed_on
from medseg.workflows.segmenters import Point, Proposal, Sphere
from napari_medseg.tools.disc_tool import circle
from napari_medseg.views.plane_lines import Polyline
from napari_medseg.views.plane_view import PlaneView

ARM_PX = 7.0
"""Half the length of the strokes of a cross."""

NOT_IT_COLOR = "#ffffff"
"""Of what belongs to no structure."""

HINT_COLOR = "#ffe14d"
"""Of the ball, as of all that is measured."""


def offered_lines(proposal: Proposal, structures: Iterable[Structure], view: PlaneView) -> list[Polyline]:
    """The outlines of what is proposed for some structures, on the plane of a view."""
    return [
        Polyline(view.world_of(contour.points_lps_mm), structure.color, closed=True, dashed=True)
        for structure in structures
        if structure.id in proposal.masks
        for contour in trace_slice(
            _on_plane(proposal, structure.id, view), view.grid, view.where, structure.id, Origin.ASSISTED
        )
    ]


def hint_lines(
    points: Iterable[Point], sphere: Sphere | None, structures: Iterable[Structure], view: PlaneView
) -> list[Polyline]:
    """A cross for each click on the plane of a view, and the ball where the plane cuts it."""
    colors = {structure.id: structure.color for structure in structures}
    lines: list[Polyline] = []
    near_mm = _half_a_slice_mm(view)
    for point in points:
        at = np.atleast_2d(np.asarray(point.at_lps_mm))
        if abs(float(view.plane.distance_mm(at)[0])) > near_mm:
            continue
        color = NOT_IT_COLOR if point.structure_id is None else colors.get(point.structure_id, NOT_IT_COLOR)
        lines += _cross(view.world_of(at)[0], view.mm_per_px, color, upright=point.structure_id is not None)
    if sphere is not None:
        lines += _cut(sphere, view)
    return lines


def _on_plane(proposal: Proposal, structure_id: str, view: PlaneView) -> npt.NDArray[np.bool_]:
    where: Slice = view.where
    return proposed_on(proposal, structure_id, where, view.grid)


def resampled(proposal: Proposal, grid: Grid, shown: Grid) -> Proposal:
    """A proposal on another grid that is shown, such as that of true anatomical planes."""
    masks = {}
    for structure_id, mask in proposal.masks.items():
        whole = np.zeros(grid.shape_kji, dtype=np.uint8)
        whole[proposal.region] = mask
        there = ResampledSlices(
            Volume(grid, whole, Quantity.ARBITRARY, Source("proposal")), shown, order=Order.NEAREST
        )
        masks[structure_id] = np.asarray(there[:, :, :]) > 0
    k, j, i = (slice(0, n) for n in shown.shape_kji)
    return Proposal(masks, (k, j, i), proposal.method, proposal.remarks)


def _half_a_slice_mm(view: PlaneView) -> float:
    where = view.where
    beside = view.grid.plane(where.axis, where.index + 1).origin_lps_mm
    return abs(float(view.plane.distance_mm(np.atleast_2d(beside))[0])) / 2


def _cross(at: npt.NDArray[np.float64], mm_per_px: float, color: str, *, upright: bool) -> list[Polyline]:
    """A plus for what belongs to a structure, and a diagonal cross for what does not."""
    arm = ARM_PX * mm_per_px
    arms = [(arm, 0.0), (0.0, arm)] if upright else [(arm, arm), (arm, -arm)]
    return [Polyline(np.array([at - one, at + one]), color) for one in np.array(arms)]


def _cut(sphere: Sphere, view: PlaneView) -> list[Polyline]:
    centre = np.atleast_2d(np.asarray(sphere.centre_lps_mm))
    off_mm = float(view.plane.distance_mm(centre)[0])
    if abs(off_mm) >= sphere.radius_mm:
        return []
    radius_mm = float(np.sqrt(sphere.radius_mm**2 - off_mm**2))
    around = circle(view.plane.to_plane_mm(centre)[0], radius_mm)
    return [Polyline(view.world_of(view.plane.to_lps_mm(around)), HINT_COLOR, closed=True)]
