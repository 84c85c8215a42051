"""The brain MR: the patient's anatomy as a tilted slab of slices would show it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from medseg.labelmap import LabelMap
from medseg.progress import Progress, silent
from medseg.space import Grid
from medseg.volume import Quantity, Source, Volume
from medseg_phantoms.brain import tissue
from medseg_phantoms.brain.cerebrum import brain
from medseg_phantoms.brain.head import head
from medseg_phantoms.brain.structures import STRUCTURES
from medseg_phantoms.brain.tumour import tumour
from medseg_phantoms.noise import add_rician_noise, bias_field, blurred
from medseg_phantoms.painting import Paint, paint_image, paint_truth
from medseg_phantoms.phantom import Phantom

FIELD_OF_VIEW_KJI_MM = (176.0, 240.0, 240.0)
"""The same at every resolution, so that finer voxels show the same patient."""

CENTRE_LPS_MM = (0.0, -4.0, 10.0)

PITCH_DEG = 20.0
"""Turn of the slab about the left-right axis."""

ROLL_DEG = 12.0
"""Turn about the front-back axis: the patient's head lay askew in the coil."""

SMALL_KJI = (44, 160, 160)
"""Slices of 4 mm, pixels of 1.5 mm."""

FULL_KJI = (88, 320, 320)
"""Slices of 2 mm, pixels of 0.75 mm."""

SHARPNESS_MM = 0.55
"""Width (sigma) of the point spread of an MR image of 1 mm pixels."""

NOISE_SD = 16.0
"""In each channel: a signal-to-noise ratio of about 40 in white matter."""


def brain_mr(
    shape_kji: tuple[int, int, int] = SMALL_KJI, *, seed: int = 2025, progress: Progress = silent
) -> Phantom:
    """Make a T1-weighted MR of a head after contrast medium, acquired double-oblique.

    The anatomy is fixed in patient mm; the shape only chooses the size of the voxels.

    Args:
        shape_kji: Slices, rows and columns.
        seed: Chooses the noise: another seed is another scan of the same patient.
        progress: Called before each slice.

    Returns:
        A uint16 image without unit, with shading and Rician noise, and the truth about brain, ventricles,
        oedema, tumour and its necrotic core. The same arguments give the same bytes.
    """
    grid = _grid(shape_kji)
    scene: list[Paint] = [*head(), *brain(), *tumour()]
    ideal = blurred(paint_image(scene, grid, tissue.AIR, progress), grid, SHARPNESS_MM)
    noisy = add_rician_noise(ideal * bias_field(grid), NOISE_SD, np.random.default_rng(seed))
    voxels = np.clip(np.rint(noisy), 0, 4095).astype(np.uint16)
    return Phantom(
        name="brain",
        volume=Volume(grid, voxels, Quantity.ARBITRARY, Source("phantom", modality="MR")),
        truth=LabelMap(grid, (paint_truth(scene, grid),), STRUCTURES),
        modality="MR",
        series_description="Phantom brain T1 contrast oblique",
        body_part="BRAIN",
        slice_thickness_mm=grid.spacing_kji_mm[0],
    )


def _grid(shape_kji: tuple[int, int, int]) -> Grid:
    spacing = np.array(FIELD_OF_VIEW_KJI_MM) / shape_kji
    # Columns: the directions of k, j and i in LPS.
    steps = (_about_y(ROLL_DEG) @ _about_x(PITCH_DEG))[:, ::-1] * spacing
    first_to_middle = (np.array(shape_kji) - 1) / 2
    return Grid.from_axes(
        shape_kji,
        origin_lps_mm=np.array(CENTRE_LPS_MM) - steps @ first_to_middle,
        step_k_mm=steps[:, 0],
        step_j_mm=steps[:, 1],
        step_i_mm=steps[:, 2],
    )


def _about_x(degrees: float) -> npt.NDArray[np.float64]:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _about_y(degrees: float) -> npt.NDArray[np.float64]:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
