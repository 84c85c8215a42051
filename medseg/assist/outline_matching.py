"""An outline carried over from the slice beside it, to where the image looks as it does there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.contour import Contour, Origin, Slice, in_slice_index, plane_of, resample, smooth
from medseg.space import Grid, Plane

Floats = npt.NDArray[np.float64]

REACH_MM = 4.0
"""How far an outline is moved at most: about what a tumour's changes from one slice to the next."""

REACH_OF_RADIUS = 0.5
"""Nor further than half the radius of a disc of its area: a small one would find the other side of itself."""

STEP_MM = 0.25
"""Between places that are tried: half a small pixel."""

VERTEX_MM = 1.0
"""Between vertices: with one step between two neighbours the outline turns by 14° at most."""

PROFILE_MM = 3.0
"""Half the length of the profiles that are compared: the edge, and what lies on either side of it."""

SMOOTHING_MM = 1.0
"""Standard deviation of the filter of the image, and along the outline at the end."""

MOST_COST = 2.0
"""Of a place, over the contrast around the outline: where a vessel comes in, all places are as bad."""

BEND_COST = 0.3
"""Of one step between two neighbours, over that contrast: noise makes no outline jagged."""

STAY_COST = 0.2
"""Of the whole reach, over that contrast: where all looks the same the outline stays."""


@dataclass(frozen=True, eq=False)
class PlaneImage:
    """The image on a slice.

    Attributes:
        values: ``[row, column]``.
        grid: The grid of the image.
        where: The slice.
    """

    values: npt.NDArray[Any]
    grid: Grid
    where: Slice

    @property
    def plane(self) -> Plane:
        """The slice in patient space."""
        return plane_of(self.where, self.grid)

    def smoothed(self) -> PlaneImage:
        """Without noise, and without what is no number."""
        from scipy.ndimage import gaussian_filter

        spacing_mm = [mm for axis, mm in enumerate(self.grid.spacing_kji_mm) if axis != self.where.axis]
        finite = np.nan_to_num(self.values.astype(np.float64), posinf=0.0, neginf=0.0)
        sigma = [SMOOTHING_MM / mm for mm in spacing_mm]
        return replace(self, values=gaussian_filter(finite, sigma, mode="nearest"))

    def at(self, points_lps_mm: Floats) -> Floats:
        """The values at points of the slice, those beyond the image as at its edge."""
        from scipy.ndimage import map_coordinates

        index = in_slice_index(points_lps_mm.reshape(-1, 3), self.grid, self.where.axis)
        values = map_coordinates(self.values, index.T, order=1, mode="nearest")
        return np.asarray(values.reshape(points_lps_mm.shape[:-1]))


def carry_over(contours: Sequence[Contour], there: PlaneImage, here: PlaneImage) -> tuple[Contour, ...]:
    """Carry outlines over to a parallel slice, each vertex to where the image looks as it did.

    Each vertex moves along its normal, at most 4 mm, neighbours by nearly as much, so that the profiles of
    the image across the outline are most alike on both slices.

    Args:
        contours: What a structure has on a slice, holes included.
        there: The image on that slice.
        here: The image on a slice parallel to it.

    Returns:
        Contours on the slice ``here``, of origin ``assisted``.

    Source:
        Profiles across the outline as in Cootes et al., Computer Vision and Image Understanding 61 (1995);
        dynamic programming along it as in Amini, Weymouth & Jain, IEEE Transactions on Pattern Analysis and
        Machine Intelligence 12 (1990).
    """
    there, here = there.smoothed(), here.smoothed()
    carried = [_carried(outline, there, here) for outline in resample(contours, VERTEX_MM)]
    return tuple(c.with_origin(Origin.ASSISTED) for c in smooth(carried, SMOOTHING_MM))


def _carried(outline: Contour, there: PlaneImage, here: PlaneImage) -> Contour:
    normals, ring = _normals(outline.points_mm), outline.points_mm
    moves, along = _places(outline), np.arange(-1, 1, STEP_MM / PROFILE_MM) * PROFILE_MM
    longer = moves[0] + along[0] + np.arange(len(moves) + len(along) - 1) * STEP_MM

    def profiles(image: PlaneImage, offsets_mm: Floats) -> Floats:
        across = ring[:, None] + offsets_mm[:, None] * normals[:, None]
        on_slice = image.plane.to_plane_mm(outline.plane.to_lps_mm(across))
        return image.at(image.plane.to_lps_mm(on_slice))

    costs = _unlikeness(profiles(there, along), profiles(here, longer), along)
    costs += STAY_COST * np.abs(moves) / max(moves[-1], STEP_MM)
    moved = ring + moves[_cheapest_ring(costs), None] * normals
    points = here.plane.to_plane_mm(outline.plane.to_lps_mm(moved))
    return replace(outline, plane=here.plane, points_mm=points)


def _places(contour: Contour) -> Floats:
    """How far each vertex may move along its normal."""
    radius_mm = np.sqrt(abs(contour.signed_area_mm2) / np.pi)
    count = int(min(REACH_MM, REACH_OF_RADIUS * radius_mm) / STEP_MM)
    return np.asarray(np.arange(-count, count + 1) * STEP_MM)


def _normals(ring: Floats) -> Floats:
    along = np.roll(ring, -1, axis=0) - np.roll(ring, 1, axis=0)
    length = np.linalg.norm(along, axis=1, keepdims=True)
    return np.asarray(np.column_stack([along[:, 1], -along[:, 0]]) / np.where(length > 0, length, 1))


def _unlikeness(wanted: Floats, longer: Floats, along_mm: Floats) -> Floats:
    """How unlike the profiles are at each place of each vertex, over the contrast: ``(vertices, places)``."""
    weights = np.exp(-0.5 * (2 * along_mm / PROFILE_MM) ** 2)
    windows = np.lib.stride_tricks.sliding_window_view(longer, len(along_mm), axis=1)
    apart = np.abs(windows - wanted[:, None]) @ (weights / weights.sum())
    contrast = float(np.abs(wanted - wanted.mean(axis=1, keepdims=True)).mean())
    return np.asarray(np.minimum(apart / contrast, MOST_COST) if contrast > 0 else np.zeros_like(apart))


def _cheapest_ring(costs: Floats) -> npt.NDArray[np.intp]:
    """A place for each vertex, one step at most from its neighbours', so that all together cost least.

    The ring is gone round twice: in the second round its start is no longer free.
    """
    count, places = costs.shape
    twice = np.concatenate([costs, costs])
    total = twice[0]
    came_from = np.zeros((2 * count, places), dtype=np.intp)
    here = np.arange(places)
    for number, cost in enumerate(twice[1:], start=1):
        framed = np.pad(total, 1, constant_values=np.inf)
        choices = np.stack([framed[:-2] + BEND_COST, total, framed[2:] + BEND_COST])
        step = choices.argmin(axis=0)
        came_from[number] = here + step - 1
        total = choices[step, here] + cost
    chosen = np.empty(2 * count, dtype=np.intp)
    chosen[-1] = int(total.argmin())
    for number in range(2 * count - 1, 0, -1):
        chosen[number - 1] = came_from[number, chosen[number]]
    # The middle of the two rounds knows what lies before and behind it.
    half = count // 2
    return np.roll(chosen[half : half + count], half)
