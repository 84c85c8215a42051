"""Noise and shading: what a scanner adds to the patient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from medseg.space import Grid
from medseg_phantoms.points import slice_points

FloatImage = npt.NDArray[np.float32]

CT_KERNEL_MM = 0.9
"""Width (sigma) of a smooth soft-tissue reconstruction kernel."""

CT_LOW_CUT = 2.5
"""Filtered back-projection has little noise at low frequencies; the second, wider Gaussian removes it."""

BIAS_STRENGTH = 0.18
"""Largest relative departure of a receive coil's sensitivity from its mean."""


def blurred(image: FloatImage, grid: Grid, sigma_mm: float) -> FloatImage:
    """Blur each slice by a Gaussian of a width in mm: the sharpness of a scanner, not of the drawing."""
    sigma = [sigma_mm / mm for mm in grid.spacing_kji_mm[1:]]
    return np.stack([gaussian_filter(ideal, sigma) for ideal in image])


def add_ct_noise(image: FloatImage, grid: Grid, sd_hu: float, rng: np.random.Generator) -> FloatImage:
    """Add noise with the texture of a smooth soft-tissue reconstruction.

    The noise is correlated within a slice and independent between slices.

    Args:
        image: Image in HU without noise.
        grid: Its grid.
        sd_hu: Standard deviation of the noise.
        rng: Source of randomness.
    """
    noisy = np.empty_like(image)
    sigma = tuple(CT_KERNEL_MM / mm for mm in grid.spacing_kji_mm[1:])
    wide = tuple(CT_LOW_CUT * s for s in sigma)
    impulse = np.zeros((65, 65), dtype=np.float32)
    impulse[32, 32] = 1
    kernel = gaussian_filter(impulse, sigma) - 0.5 * gaussian_filter(impulse, wide)
    gain = np.float32(sd_hu / np.sqrt((kernel.astype(np.float64) ** 2).sum()))
    for k, ideal in enumerate(image):
        white = rng.standard_normal(ideal.shape, dtype=np.float32)
        texture = gaussian_filter(white, sigma) - np.float32(0.5) * gaussian_filter(white, wide)
        noisy[k] = ideal + gain * texture
    return noisy


def bias_field(grid: Grid, reach_mm: float = 130.0) -> FloatImage:
    """Smooth shading of an MR image by its receive coil, around 1.

    Args:
        grid: Where to evaluate it.
        reach_mm: Distance from the middle at which the shading is full.
    """
    field = np.empty(grid.shape_kji, dtype=np.float32)
    for k in range(grid.shape_kji[0]):
        p = slice_points(grid, k)
        x, y, z = (c / np.float32(reach_mm) for c in (p.x_mm, p.y_mm, p.z_mm))
        field[k] = 1 + BIAS_STRENGTH * (0.45 * x - 0.55 * y + 0.5 * z + 0.5 * (x * x + y * y) - 0.4 * z * y)
    return field


def add_rician_noise(image: FloatImage, sd: float, rng: np.random.Generator) -> FloatImage:
    """The magnitude of an image with Gaussian noise in both of its channels.

    Source:
        Gudbjartsson & Patz, "The Rician distribution of noisy MRI data", Magn. Reson. Med. 34 (1995).
    """
    noisy = np.empty_like(image)
    for k, ideal in enumerate(image):
        real = ideal + np.float32(sd) * rng.standard_normal(ideal.shape, dtype=np.float32)
        imaginary = np.float32(sd) * rng.standard_normal(ideal.shape, dtype=np.float32)
        noisy[k] = np.sqrt(real * real + imaginary * imaginary)
    return noisy
