"""ReadOptions: what a user may ask for beyond the values and places as the DICOM has them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PetUnit(StrEnum):
    """What the values of PET are converted to where the header allows it."""

    SUVBW = "SUVbw"
    BQML = "BQML"
    STORED = "stored"
    """Whatever the file has."""


@dataclass(frozen=True)
class ReadOptions:
    """How series become volumes.

    Attributes:
        pet_unit: What the values of PET are converted to where the header allows it.
        deshear: Resample stacks that lean, as by a tilted gantry, to a rectangular grid.
        allow_uneven: Resample parallel slices at uneven distances to even ones.
        single_slices: Take the thickness of a slice for the distance to the next where there is no next.
        philips_private_scaling: Use the private scale factors of Philips MR instead of RescaleSlope.
    """

    pet_unit: PetUnit = PetUnit.SUVBW
    deshear: bool = False
    allow_uneven: bool = False
    single_slices: bool = False
    philips_private_scaling: bool = False


AS_STORED = ReadOptions()
"""Nothing is resampled or assumed, and PET is SUV by body weight where the header allows it."""
