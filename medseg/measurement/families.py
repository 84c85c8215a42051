"""Families: what may be measured of a structure, and the options of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """What belongs together; one module of :mod:`medseg.measurement` each."""

    SHAPE = "shape"
    """Volumes, surfaces, axes and the IBSI's morphology."""
    DIAMETERS = "diameters"
    """Longest diameters in the acquisition plane (RECIST) and in 3-D, with their lines."""
    IRREGULARITY = "irregularity"
    """How rough the boundary is."""
    INTENSITY = "intensity"
    """Statistics of an image within the structure."""
    UPTAKE = "uptake"
    """SUV: max, mean, peak, metabolic volume, glycolysis."""
    SEPARATION = "separation"
    """Distances to other structures, and margins of parts within their whole."""


OF_VOXELS = frozenset({Family.SHAPE, Family.DIAMETERS, Family.IRREGULARITY, Family.SEPARATION})
"""Families that need no image."""


@dataclass(frozen=True)
class SuvThreshold:
    """From which uptake on a voxel counts as metabolically active.

    Attributes:
        value: A fraction of SUVmax, above 0 and at most 1; or an SUV, above 0.
        relative: Whether it is a fraction.

    Raises:
        ValueError: The value is out of range.
    """

    value: float
    relative: bool

    def __post_init__(self) -> None:
        if not 0 < self.value < (1 + 1e-12 if self.relative else float("inf")):
            what = "a fraction of SUVmax from 0 to 1" if self.relative else "an SUV above 0"
            raise ValueError(f"expected {what}, got {self.value}")

    def suv(self, suv_max: float) -> float:
        """The least SUV that counts in a structure of this SUVmax."""
        return self.value * suv_max if self.relative else self.value

    @property
    def words(self) -> str:
        """Such as ``41 % of SUVmax`` or ``SUV 2.5``."""
        return f"{100 * self.value:.4g} % of SUVmax" if self.relative else f"SUV {self.value:.4g}"


OF_SUV_MAX = SuvThreshold(0.41, relative=True)
"""EANM procedure guidelines 2.0 (Boellaard et al. 2015, Eur J Nucl Med Mol Imaging 42:328-354)."""


@dataclass(frozen=True)
class MeasureOptions:
    """What is measured, and how.

    Attributes:
        families: Which; those that need an image are left out where there is none.
        slice_axis: Axis of the array (0, 1, 2 for k, j, i) that acquired slices are normal to: diameters in
            plane lie in them.
        suv_threshold: For metabolic tumour volume and total lesion glycolysis.
        pairs: Ids of structures whose distance is measured, the one spoken of first; None for each part,
            within its whole and to what it has nothing in common with.
    """

    families: frozenset[Family] = frozenset(Family)
    slice_axis: int = 0
    suv_threshold: SuvThreshold = OF_SUV_MAX
    pairs: tuple[tuple[str, str], ...] | None = None


DEFAULT = MeasureOptions()
