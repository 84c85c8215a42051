"""What times are taken on: a liver with its vessels and three tumours, 512×512×300."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.labelmap import LabelMap
from medseg.space import Grid
from medseg_phantoms.abdomen.liver import liver
from medseg_phantoms.abdomen.structures import STRUCTURES
from medseg_phantoms.painting import paint_truth

SHAPE_KJI = (300, 512, 512)
QUICK_SHAPE_KJI = (60, 96, 96)
PIXEL_MM = 0.502
"""At this size the liver of the phantom covers 392 × 282 pixels, a large one's share of a CT slice."""

SLICES_MM = 200.0
"""What all slices together cover, from feet to head."""

LIVER_MIDDLE_KJI_MM = (7.1, -8.8, -29.6)
"""The middle of the liver's box in the phantom's own frame."""

TUMOUR_MM = (60.0, 30.0, 15.0)
LOBES = 0.12
"""Relative height of a tumour's lobes."""


@dataclass(frozen=True, eq=False)
class SpeedPhantom:
    """Masks by name, all on one grid."""

    grid: Grid
    masks: dict[str, npt.NDArray[np.bool_]]


def make_phantom(*, quick: bool = False) -> SpeedPhantom:
    """The liver and vessels of the abdominal phantom and lobulated tumours, in turn, each by itself."""
    shape = QUICK_SHAPE_KJI if quick else SHAPE_KJI
    grid = _grid(shape, PIXEL_MM * SHAPE_KJI[2] / shape[2])
    truth = LabelMap(grid, (paint_truth(liver(), grid),), STRUCTURES)
    masks = {name: truth.mask_with_parts(name) for name in ("liver", "vessels")}
    for diameter_mm in TUMOUR_MM:
        masks[f"tumour of {diameter_mm:g} mm"] = lobulated(grid, diameter_mm)
    return SpeedPhantom(grid, masks)


def lobulated(grid: Grid, diameter_mm: float) -> npt.NDArray[np.bool_]:
    """A ball with lobes around the grid's middle."""
    half = [0.5 * (n - 1) * mm for n, mm in zip(grid.shape_kji, grid.spacing_kji_mm, strict=True)]
    z, y, x = np.ogrid[tuple(slice(-h, h, n * 1j) for h, n in zip(half, grid.shape_kji, strict=True))]
    z, y, x = (part.astype(np.float32) for part in (z, y, x))
    radius = np.sqrt(z * z + y * y + x * x)
    latitude = np.arcsin(z / np.maximum(radius, np.float32(1e-3)))
    lobes = 1 + np.float32(LOBES) * np.sin(3 * np.arctan2(y, x) + 2 * latitude) * np.cos(latitude)
    return radius < 0.5 * diameter_mm * lobes


def _grid(shape: tuple[int, int, int], pixel_mm: float) -> Grid:
    """The grid around the phantom's liver."""
    step_mm = np.array([SLICES_MM / shape[0], pixel_mm, pixel_mm])
    origin_kji_mm = LIVER_MIDDLE_KJI_MM - 0.5 * step_mm * (np.array(shape) - 1)
    return Grid.from_axes(
        shape,
        origin_lps_mm=origin_kji_mm[::-1],
        step_k_mm=(0, 0, step_mm[0]),
        step_j_mm=(0, step_mm[1], 0),
        step_i_mm=(step_mm[2], 0, 0),
    )
