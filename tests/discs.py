"""Discs and gaps between two to four slices of them, with what is known of their depth."""

import numpy as np

from medseg.interpolation.distance import depth_map_mm
from medseg.interpolation.gap import Gap

SHAPE = (60, 80)
SPACING_MM = (3.0, 0.8, 1.0)
"""Of slices, rows and columns."""


def disc(centre, radius_mm, shape=SHAPE):
    """Where a disc lies, its centre in pixels."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.hypot((rows - centre[0]) * SPACING_MM[1], (columns - centre[1]) * SPACING_MM[2]) <= radius_mm


def depth_of_disc(centre, radius_mm, shape=SHAPE):
    """How deep each pixel lies in it, in mm: exact, not that of its pixels."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    away = np.hypot((rows - centre[0]) * SPACING_MM[1], (columns - centre[1]) * SPACING_MM[2])
    return (radius_mm - away).astype(np.float32)


def gap_of(masks, indices, before):
    """A gap between drawn slices, as the parallel methods are given it."""
    depth = [depth_map_mm(mask, SPACING_MM[1:], (0, 0, *mask.shape)) for mask in masks]
    return Gap(tuple(indices), before, np.array(masks), np.array(depth), SPACING_MM)
