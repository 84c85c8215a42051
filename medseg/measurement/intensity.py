"""Intensity: what an image shows within a structure.

The IBSI's intensity statistics, local intensity peaks, and the two of its morphological features that look at
the image. A voxel without a value (not a number) counts for nothing; how many there are is told.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from medseg.measurement.image_values import ImageValues, image_values
from medseg.measurement.measured import Measured
from medseg.measurement.peak import IntensityPeaks, intensity_peaks
from medseg.measurement.requirements import Mask
from medseg.space import Box, Grid
from medseg.volume import Volume

FloatArray = npt.NDArray[np.float64]


def intensity(
    mask: Mask, volume: Volume, box: Box | None = None, *, volume_mesh_mm3: float | None = None
) -> tuple[Measured, ...]:
    """The statistics of an image within a structure.

    Args:
        mask: Its voxels, ``[k, j, i]``: all of the image's grid, or those of a box.
        volume: The image.
        box: Where the mask lies in it; None for a mask of the whole.
        volume_mesh_mm3: The volume of its mesh, where that is known already.

    Returns:
        The numbers of :data:`medseg.measurement.concepts.intensities.INTENSITIES`, in the unit of the image;
        None for each where no voxel has a value.

    Raises:
        GridMismatchError: The mask is not of the shape of the box, or of the image.
    """
    values = image_values(mask, volume, box)
    if volume_mesh_mm3 is None:
        # Imported here: marching cubes.
        from medseg.measurement.shape import mesh_volume_mm3

        grid = values.grid if box is None else values.grid.within(box)
        volume_mesh_mm3 = mesh_volume_mm3(mask, grid)
    numbers: dict[str, float | None] = dict.fromkeys(_UNITS)
    if len(values.values):
        numbers |= _statistics(values.values)
        numbers |= _peaks(intensity_peaks(values))
        numbers["centre-of-mass-shift"] = _centre_of_mass_shift_mm(values.indices, values.values, values.grid)
        numbers["integrated-intensity"] = volume_mesh_mm3 * float(values.values.mean())
    return tuple(_measured(numbers, values))


_UNITS = {
    "intensity-mean": "{0}",
    "intensity-sd": "{0}",
    "intensity-min": "{0}",
    "intensity-p10": "{0}",
    "intensity-median": "{0}",
    "intensity-p90": "{0}",
    "intensity-max": "{0}",
    "intensity-variance": "({0})2",
    "intensity-skewness": None,
    "intensity-kurtosis": None,
    "intensity-iqr": "{0}",
    "intensity-range": "{0}",
    "intensity-mad": "{0}",
    "intensity-rmad": "{0}",
    "intensity-medad": "{0}",
    "intensity-cov": None,
    "intensity-qcod": None,
    "intensity-energy": "({0})2",
    "intensity-rms": "{0}",
    "intensity-peak-local": "{0}",
    "intensity-peak-global": "{0}",
    "centre-of-mass-shift": None,
    "integrated-intensity": "{0}.mm3",
}
"""What becomes of the image's unit; None where the concept has one of its own."""


def _measured(numbers: dict[str, float | None], values: ImageValues) -> Iterator[Measured]:
    parameters: tuple[tuple[str, str | float], ...] = ()
    if values.missing:
        parameters = (("voxels_without_value", float(values.missing)),)
    for key, form in _UNITS.items():
        unit = None if form is None else _of_unit(form, values.unit)
        yield Measured(key, numbers[key], parameters=parameters, unit=unit)


def _of_unit(form: str, unit: str) -> str:
    if unit == "1":
        return "mm3" if form.endswith("mm3") else unit
    return form.format(unit).replace(f"({unit})", unit if unit.isalpha() else f"({unit})")


def _statistics(x: FloatArray) -> dict[str, float | None]:
    mean = float(x.mean())
    about = x - mean
    variance = float((about**2).mean())
    least, p10, p25, median, p75, p90, most = (
        float(p) for p in np.percentile(x, (0, 10, 25, 50, 75, 90, 100))
    )
    robust = x[(x >= p10) & (x <= p90)]
    return {
        "intensity-mean": mean,
        "intensity-sd": variance**0.5,
        "intensity-min": least,
        "intensity-p10": p10,
        "intensity-median": median,
        "intensity-p90": p90,
        "intensity-max": most,
        "intensity-variance": variance,
        "intensity-skewness": float((about**3).mean()) / variance**1.5 if variance else 0.0,
        "intensity-kurtosis": float((about**4).mean()) / variance**2 - 3 if variance else 0.0,
        "intensity-iqr": p75 - p25,
        "intensity-range": most - least,
        "intensity-mad": float(np.abs(about).mean()),
        # Of two voxels neither lies between the percentiles.
        "intensity-rmad": float(np.abs(robust - robust.mean()).mean()) if len(robust) else None,
        "intensity-medad": float(np.abs(x - median).mean()),
        "intensity-cov": variance**0.5 / mean if mean else None,
        "intensity-qcod": (p75 - p25) / (p75 + p25) if p75 + p25 else None,
        "intensity-energy": float((x**2).sum()),
        "intensity-rms": float((x**2).mean()) ** 0.5,
    }


def _peaks(peaks: IntensityPeaks) -> dict[str, float | None]:
    return {"intensity-peak-local": peaks.at_maximum, "intensity-peak-global": peaks.highest}


def _centre_of_mass_shift_mm(indices: npt.NDArray[np.intp], x: FloatArray, grid: Grid) -> float | None:
    total = float(x.sum())
    if total <= 0:
        return None
    shift = (x @ indices) / total - indices.mean(axis=0)
    return float(np.linalg.norm(grid.index_to_lps_mm[:3, :3] @ shift))
