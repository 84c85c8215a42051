"""The abdominal CT: the patient's anatomy as a scanner would show it."""

from __future__ import annotations

import numpy as np

from medseg.labelmap import LabelMap
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg_phantoms.abdomen import tissue
from medseg_phantoms.abdomen.liver import DOME, gallbladder, liver, portal_trunk
from medseg_phantoms.abdomen.organs import (
    LEFT_DOME,
    bowel,
    great_vessels,
    kidneys,
    spleen,
    stomach_and_pancreas,
)
from medseg_phantoms.abdomen.structures import STRUCTURES
from medseg_phantoms.abdomen.trunk import lungs, outside_in, skeleton
from medseg_phantoms.combine import Grown
from medseg_phantoms.noise import CT_KERNEL_MM, add_ct_noise, blurred
from medseg_phantoms.painting import Paint, paint_image, paint_truth
from medseg_phantoms.phantom import Phantom

FIELD_OF_VIEW_KJI_MM = (200.0, 346.0, 346.0)
"""The same at every resolution, so that finer voxels show the same patient."""

SMALL_KJI = (40, 192, 192)
"""Slices of 5 mm, pixels of 1.8 mm."""

FULL_KJI = (80, 512, 512)
"""Slices of 2.5 mm, pixels of 0.68 mm: what a clinical scanner gives."""

NOISE_SD_HU = 12.0


def abdominal_ct(
    shape_kji: tuple[int, int, int] = SMALL_KJI, *, seed: int = 2025, progress: Progress = silent
) -> Phantom:
    """Make a portal-venous CT of the upper abdomen.

    The patient lies head first on the back: i runs to the left, j to the back, k to the head. The anatomy
    is fixed in patient mm; the shape only chooses the size of the voxels.

    Args:
        shape_kji: Slices, rows and columns.
        seed: Chooses the noise: another seed is another scan of the same patient.
        progress: Called before each slice.

    Returns:
        An int16 image in HU and the truth about liver, tumour, necrosis, vessels, spine, kidneys and
        spleen. The same arguments give the same bytes.
    """
    grid = _grid(shape_kji)
    scene = _scene()
    ideal = blurred(paint_image(scene, grid, tissue.AIR, progress), grid, CT_KERNEL_MM)
    noisy = add_ct_noise(ideal, grid, NOISE_SD_HU, np.random.default_rng(seed))
    voxels = np.clip(np.rint(noisy), -1024, 3071).astype(np.int16)
    return Phantom(
        name="abdomen",
        volume=Volume(grid, voxels, Quantity.HU, Source("phantom", modality="CT")),
        truth=LabelMap(grid, (paint_truth(scene, grid),), STRUCTURES),
        modality="CT",
        series_description="Phantom abdomen portal venous",
        body_part="ABDOMEN",
        slice_thickness_mm=grid.spacing_kji_mm[0],
    )


def _grid(shape_kji: tuple[int, int, int]) -> Grid:
    k_mm, j_mm, i_mm = (mm / n for mm, n in zip(FIELD_OF_VIEW_KJI_MM, shape_kji, strict=True))
    z, y, x = (
        (spacing - mm) / 2 for spacing, mm in zip((k_mm, j_mm, i_mm), FIELD_OF_VIEW_KJI_MM, strict=True)
    )
    return Grid.from_axes(
        shape_kji,
        origin_lps_mm=(x, y, z),
        step_k_mm=(0, 0, k_mm),
        step_j_mm=(0, j_mm, 0),
        step_i_mm=(i_mm, 0, 0),
    )


def _scene() -> list[Paint]:
    """From back to front: a later paint covers an earlier one."""
    return [
        *outside_in(),
        *lungs((Grown(DOME, 9.0), LEFT_DOME)),
        *great_vessels(),
        *bowel(),
        *portal_trunk(),
        *kidneys(),
        *stomach_and_pancreas(),
        *spleen(),
        *liver(),
        *gallbladder(),
        *skeleton(),
    ]
