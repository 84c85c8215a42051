"""The hints of a reader on a tumour whose reference is known: at their best, and with errors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from medseg.assist.classical.neighbourhood import ball
from medseg.assist.hint_region import region_around
from medseg.assist.segmenter import BACKGROUND, Hints, Point, Sphere
from medseg.space import Box, Grid, box_grown, box_of
from medseg.volume import Volume

Mask = npt.NDArray[np.bool_]
Errors = np.random.Generator | None
"""The errors of a reader, drawn one after another; None for none."""

BALL_MARGIN_MM, ROUGH_MM, AROUND_ROUGH_MM = 5.0, 4.0, 20.0
RING_MM = (5.0, 7.0)
INNER = 0.4
"""Of the depth of a slice: a stroke through the inner part."""

OFF_MM, RADIUS_OFF = 5.0, 0.2
"""How far a click or the middle of a ball is off at most, and which share its radius is."""
WAVES_MM, WAVE_LENGTH_MM = 2.0, 10.0
"""Standard deviation of a rough contour's waviness, and its scale."""
WAVES_OF_DEPTH, STAYS = 0.25, 0.5
"""Shares of a tumour's depth: the waviness, and what a contour that is too small leaves out, at most."""

BY_BALL = ("threshold-in-sphere", "pet-fraction", "pet-gradient")
BY_CLICK = ("region-growing", "confidence-connected")


def hints_for(name: str, image: Volume, truth: Mask, errors: Errors = None) -> tuple[Box, Hints]:
    """The part of the image that is looked at, and the hint that a segmenter is given.

    Args:
        name: The segmenter.
        image: The image.
        truth: The reference on all of it.
        errors: Of the reader.
    """
    if name == "geodesic-contour":
        region = _around(truth, image.grid)
        return region, Hints(rough={"tumour": rough_contour(truth[region], image.grid, errors)})
    sphere = ball_around(truth, image.grid, errors)
    region = region_around(image.grid, sphere)
    if name in BY_BALL:
        return region, Hints(sphere=sphere)
    if name in BY_CLICK:
        return region, Hints(points=(click_in(truth, image.grid, errors),), sphere=sphere)
    stroke, ring = strokes_on(truth[region], image.grid, errors)
    return region, Hints(sphere=sphere, marks={"tumour": stroke, BACKGROUND: ring})


def hint_alone(image: Volume, region: Box, hints: Hints) -> Mask:
    """The hint itself as a proposal: the rough contour, or the ball."""
    if hints.rough:
        return hints.rough["tumour"]
    assert hints.sphere is not None
    return ball(image.grid, region, hints.sphere)


def ball_around(truth: Mask, grid: Grid, errors: Errors = None) -> Sphere:
    """A ball 5 mm larger than the tumour around its middle; off by up to 5 mm and 20 % of its radius."""
    places = grid.to_lps_mm(np.argwhere(truth))
    middle = places.mean(axis=0)
    radius = float(np.linalg.norm(places - middle, axis=1).max()) + BALL_MARGIN_MM
    if errors is not None:
        middle = middle + _off(errors)
        radius *= 1 + errors.uniform(-RADIUS_OFF, RADIUS_OFF)
    return Sphere(tuple(map(float, middle)), radius)


def click_in(truth: Mask, grid: Grid, errors: Errors = None) -> Point:
    """A click at the tumour's deepest voxel; off by up to 5 mm, yet within the tumour."""
    deepest = np.unravel_index(int((depth := _depth(truth, grid)).argmax()), depth.shape)
    place = grid.to_lps_mm(np.array(deepest))
    while errors is not None:
        moved = place + _off(errors)
        index = np.rint(grid.to_index(moved)).astype(int)
        if ((index >= 0) & (index < truth.shape)).all() and truth[tuple(index)]:
            place = moved
            break
    return Point(tuple(map(float, place)), "tumour")


def strokes_on(inside: Mask, grid: Grid, errors: Errors = None) -> tuple[Mask, Mask]:
    """Strokes on the largest slice, of its inner part and of a ring around it.

    With errors: on another slice that is at least half as large, a thinner or thicker stroke, a ring up to
    3 mm further out.
    """
    spacing, areas = grid.spacing_kji_mm, inside.sum(axis=(1, 2))
    k, inner, further = int(areas.argmax()), INNER, 0.0
    if errors is not None:
        k = int(errors.choice(np.flatnonzero(2 * areas >= areas.max())))
        inner, further = errors.uniform(0.2, 0.7), errors.uniform(0, 3)
    within = _depth(inside[k : k + 1], grid)[0]
    beyond = ndimage.distance_transform_edt(~inside[k], sampling=spacing[1:])
    stroke, ring = np.zeros((2, *inside.shape), dtype=bool)
    stroke[k] = within > inner * within.max()
    ring[k] = (beyond > RING_MM[0] + further) & (beyond <= RING_MM[1] + further)
    return stroke, ring


def rough_contour(inside: Mask, grid: Grid, errors: Errors = None) -> Mask:
    """A contour 4 mm outside of the tumour; with errors a wavy one, from 4 mm inside to 4 mm outside.

    The errors on a tumour that is less than 4 mm deep are smaller: it would be missed altogether.
    """
    spacing = grid.spacing_kji_mm
    outside_mm = ndimage.distance_transform_edt(~inside, sampling=spacing) - _depth(inside, grid)
    if errors is None:
        return np.asarray(outside_mm <= ROUGH_MM)
    waves = ndimage.gaussian_filter(errors.standard_normal(inside.shape), WAVE_LENGTH_MM / np.array(spacing))
    depth = -float(outside_mm.min())
    waves *= min(WAVES_MM, WAVES_OF_DEPTH * depth) / waves.std()
    off_mm = min(ROUGH_MM, depth) * errors.uniform(-1, 1)
    return np.asarray(outside_mm + waves <= max(off_mm, -STAYS * depth))


def _depth(inside: Mask, grid: Grid) -> npt.NDArray[np.float64]:
    """How far within it each voxel lies, mm; what lies beyond the image is outside."""
    box = box_of(inside)
    assert box is not None
    depth = np.zeros(inside.shape)
    padded = np.pad(inside[box], 1)
    if inside.shape[0] == 1:
        padded = padded[1:2]
        depth[box] = ndimage.distance_transform_edt(padded, sampling=grid.spacing_kji_mm)[:, 1:-1, 1:-1]
    else:
        inner = ndimage.distance_transform_edt(padded, sampling=grid.spacing_kji_mm)
        depth[box] = inner[1:-1, 1:-1, 1:-1]
    return depth


def _around(truth: Mask, grid: Grid) -> Box:
    box = box_of(truth)
    assert box is not None
    reach = np.ceil(AROUND_ROUGH_MM / np.array(grid.spacing_kji_mm)).astype(int)
    return box_grown(box, reach.tolist(), truth.shape)


def _off(errors: np.random.Generator) -> npt.NDArray[np.float64]:
    """A step of up to 5 mm in any direction, all places in reach alike."""
    step = errors.standard_normal(3)
    return np.asarray(step / np.linalg.norm(step) * OFF_MM * errors.uniform() ** (1 / 3))
