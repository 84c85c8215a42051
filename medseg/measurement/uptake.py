"""Uptake: SUVmax, SUVmean, SUVpeak, metabolic tumour volume and total lesion glycolysis."""

from __future__ import annotations

import numpy as np

from medseg.errors import UnsupportedImageError
from medseg.measurement.families import OF_SUV_MAX, SuvThreshold
from medseg.measurement.image_values import ImageValues, image_values
from medseg.measurement.measured import Measured
from medseg.measurement.peak import intensity_peaks
from medseg.measurement.requirements import Mask
from medseg.measurement.size import MM3_PER_ML
from medseg.space import Box
from medseg.volume import Quantity, Volume


def uptake(
    mask: Mask, volume: Volume, threshold: SuvThreshold = OF_SUV_MAX, *, box: Box | None = None
) -> tuple[Measured, ...]:
    """Measure the uptake of a structure.

    Args:
        mask: Its voxels, ``[k, j, i]``: all of the image's grid, or those of a box.
        volume: An image of SUV by body weight.
        threshold: From which SUV on a voxel belongs to the metabolic tumour volume; it stands in the
            parameters of that and of the total lesion glycolysis.
        box: Where the mask lies in the image; None for a mask of the whole.

    Returns:
        The numbers of :data:`medseg.measurement.concepts.uptakes.UPTAKES`; None for each where no voxel has a
        value.

    Raises:
        UnsupportedImageError: It is no image of SUV.
        GridMismatchError: The mask is not of the shape of the box, or of the image.
    """
    if volume.quantity is not Quantity.SUVBW:
        raise UnsupportedImageError(
            f"expected an image of {Quantity.SUVBW}, got {volume.quantity}",
            hint="convert the PET series with medseg convert, which works out SUV where the headers allow",
            reason="not-suv",
        )
    values = image_values(mask, volume, box)
    parameters: tuple[tuple[str, str | float], ...] = (("threshold", threshold.words),)
    numbers: dict[str, float | None] = dict.fromkeys(_PLAIN + _OF_THRESHOLD)
    if len(values.values):
        cut = threshold.suv(float(values.values.max()))
        parameters += (("threshold_suv", cut),)
        numbers = _numbers(values, cut)
    return (
        *(Measured(key, numbers[key]) for key in _PLAIN),
        *(Measured(key, numbers[key], parameters=parameters) for key in _OF_THRESHOLD),
    )


_PLAIN = ("suv-max", "suv-mean", "suv-peak")
_OF_THRESHOLD = ("metabolic-tumour-volume", "total-lesion-glycolysis")


def _numbers(values: ImageValues, cut_suv: float) -> dict[str, float | None]:
    active = values.values[values.values >= cut_suv]
    active_ml = len(active) * values.grid.voxel_volume_mm3 / MM3_PER_ML
    return {
        "suv-max": float(values.values.max()),
        "suv-mean": float(values.values.mean()),
        "suv-peak": intensity_peaks(values).highest,
        "metabolic-tumour-volume": active_ml,
        "total-lesion-glycolysis": active_ml * float(np.mean(active)) if len(active) else 0.0,
    }
