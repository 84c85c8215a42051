"""What is done to voxels that were found by their values: gaps closed, holes filled, leaks cut off."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from medseg.assist.classical.neighbourhood import Floats, connected_to
from medseg.assist.segmenter import Mask, Parameter
from medseg.progress import Progress, silent
from medseg.space import Grid, box_grown, box_of

CLOSING = Parameter("closing_mm", "Close gaps", 2.0, unit="mm", least=0, most=20)

NECK = Parameter("neck", "Cut thinner necks", 0.6, least=0, most=0.95)
"""Chosen on six sarcomas that take no part in what is reported (`docs/proposals.md`)."""


def shaped(
    mask: Mask,
    within: Mask,
    grid: Grid,
    *,
    closing_mm: float,
    neck: float,
    progress: Progress = silent,
) -> Mask:
    """Close gaps, fill holes, keep what hangs together with a place by more than a neck.

    A leak is a neck through which growth got into tissue of the same value. It is cut where it is thinner
    than a share of the structure itself: an opening with a ball (Serra 1982, Image Analysis and Mathematical
    Morphology) whose radius is that share of the structure's depth, so that it suits small and large ones.

    Args:
        mask: What was found by values, ``[k, j, i]``.
        within: Where the structure is for certain, such as near a click.
        grid: Where the mask lies.
        closing_mm: Width of gaps that are closed; 0 for none.
        neck: The share, below 1; 0 cuts nothing and keeps what is connected.
        progress: Called between the steps.
    """
    filled = box_of(mask)
    if filled is None:
        return mask
    reach = np.ceil(2 * closing_mm / np.array(grid.spacing_kji_mm)).astype(int)
    box = box_grown(filled, reach.tolist(), mask.shape)
    progress("closing gaps", 0, 2)
    found = np.asarray(ndimage.binary_fill_holes(_closed(mask[box], grid, closing_mm)))
    progress("cutting leaks", 1, 2)
    kept = np.zeros_like(mask)
    kept[box] = ndimage.binary_fill_holes(_without_necks(found, within[box], grid, neck))
    return kept


def _closed(mask: Mask, grid: Grid, closing_mm: float) -> Mask:
    if not closing_mm:
        return mask
    spacing = grid.spacing_kji_mm
    wide = ndimage.distance_transform_edt(~mask, sampling=spacing) <= closing_mm
    if wide.all():
        return np.asarray(wide)
    return np.asarray(mask | (ndimage.distance_transform_edt(wide, sampling=spacing) > closing_mm))


def _without_necks(mask: Mask, within: Mask, grid: Grid, neck: float) -> Mask:
    kept = connected_to(mask, within)
    if not neck:
        return kept
    depth = _depth(kept, grid)
    # The core begins and ends at voxels' centres: without this an opening would take off whole slices.
    half_voxel_mm = float(np.linalg.norm(grid.spacing_kji_mm)) / 2
    places, count = ndimage.label(within, np.ones((3, 3, 3)))
    found = np.zeros_like(mask)
    for place in range(1, count + 1):
        inside = depth * (places == place)
        # Clicks in two lesions each have their own thickness.
        if deepest := float(inside.max()):
            core = connected_to(depth > neck * deepest, inside == deepest)
            away_mm = ndimage.distance_transform_edt(~core, sampling=grid.spacing_kji_mm)
            found |= kept & (away_mm <= neck * deepest + half_voxel_mm)
    return found


def _depth(mask: Mask, grid: Grid) -> Floats:
    """How far within it each voxel lies, mm; what lies beyond the array is outside."""
    padded = np.pad(mask, 1)
    depth = ndimage.distance_transform_edt(padded, sampling=grid.spacing_kji_mm)
    return np.asarray(depth[1:-1, 1:-1, 1:-1], dtype=np.float32)
