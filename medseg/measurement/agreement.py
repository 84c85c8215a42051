"""How far two delineations of one structure agree: shared voxels, and distances between their surfaces.

Surfaces are compared as Nikolov et al. 2018 (arXiv:1809.04430) do: by surface elements
(:mod:`medseg.measurement.surface_elements`), each with the distance from its place to the nearest place of
the other surface, and weighted by its area. So no number depends on how finely a surface is stepped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.measurement.overlap import BOTH_EMPTY, dice, jaccard
from medseg.measurement.requirements import Mask, require_on_grid
from medseg.measurement.size import volume_mm3
from medseg.measurement.surface_elements import SurfaceElements, surface_elements
from medseg.space import Box, Grid, box_around, box_of

FloatArray = npt.NDArray[np.float64]

TOLERANCE_MM = 2.0
"""Of the surface Dice where nobody says another: a site should set what its own readers differ by."""

ROBUST_PERCENT = 95.0

ROUNDING_MM = 1e-6
"""Distances are often whole steps of the grid, and so is a tolerance: coordinates in mm are rounded.

Three steps of 0.8 mm are 2.4 mm, though their sum in floating point is not. Without this the surface Dice at
2.4 mm would change by a hundredth when the patient is turned."""


NUMBERS = (
    "dice",
    "jaccard",
    "hd_mm",
    "hd95_mm",
    "assd_mm",
    "surface_dice",
    "tolerance_mm",
    "first_mm3",
    "second_mm3",
    "volume_difference_mm3",
    "relative_volume_difference",
)
"""What an agreement is told by, in this order."""


@dataclass(frozen=True, eq=False)
class DirectedDistances:
    """From each element of one surface to the other surface.

    Attributes:
        distances_mm: In ascending order, ``(n,)``.
        areas_mm2: Of the elements, in the same order.
    """

    distances_mm: FloatArray
    areas_mm2: FloatArray

    @cached_property
    def area_mm2(self) -> float:
        """Of the whole surface."""
        return float(self.areas_mm2.sum())

    @property
    def average_mm(self) -> float:
        """The mean distance, weighted by area."""
        return float(self.distances_mm @ self.areas_mm2) / self.area_mm2

    def percentile_mm(self, percent: float) -> float:
        """The least distance within which at least this share of the area lies."""
        within = np.cumsum(self.areas_mm2) / self.area_mm2
        at = int(np.searchsorted(within, percent / 100))
        return float(self.distances_mm[min(at, len(self.distances_mm) - 1)])

    def area_within_mm2(self, tolerance_mm: float) -> float:
        """How much of the surface lies no farther away than the tolerance."""
        return float(self.areas_mm2[self.distances_mm <= tolerance_mm + ROUNDING_MM].sum())


@dataclass(frozen=True, eq=False)
class SurfaceAgreement:
    """How far two surfaces lie apart; both have elements.

    Attributes:
        first: From the first one to the second one.
        second: From the second one to the first one.
    """

    first: DirectedDistances
    second: DirectedDistances

    def hausdorff_mm(self, percent: float = 100.0) -> float:
        """The largest distance, or its percentile: the larger one of the two directions."""
        return max(self.first.percentile_mm(percent), self.second.percentile_mm(percent))

    @property
    def average_mm(self) -> float:
        """The average symmetric surface distance: the mean over both surfaces, weighted by area."""
        both = self.first.area_mm2 + self.second.area_mm2
        first, second = (one.average_mm * one.area_mm2 for one in (self.first, self.second))
        return (first + second) / both

    def dice(self, tolerance_mm: float) -> float:
        """The normalised surface Dice: the share of both surfaces that lies within the tolerance."""
        both = self.first.area_mm2 + self.second.area_mm2
        within = (one.area_within_mm2(tolerance_mm) for one in (self.first, self.second))
        return sum(within) / both


@dataclass(frozen=True)
class Agreement:
    """The numbers of one structure that was delineated twice.

    Attributes:
        dice: :func:`medseg.measurement.overlap.dice`.
        jaccard: :func:`medseg.measurement.overlap.jaccard`.
        hd_mm: Largest distance between the surfaces; None, as the next two, where one has no voxels.
        hd95_mm: The same of the nearest 95 % of the area of each.
        assd_mm: Average symmetric surface distance.
        surface_dice: Normalised surface Dice at the tolerance.
        tolerance_mm: Which tolerance.
        first_mm3: Volume of the first one.
        second_mm3: Volume of the second one.
    """

    dice: float
    jaccard: float
    hd_mm: float | None
    hd95_mm: float | None
    assd_mm: float | None
    surface_dice: float
    tolerance_mm: float
    first_mm3: float
    second_mm3: float

    @property
    def volume_difference_mm3(self) -> float:
        """By how much the second one is larger."""
        return self.second_mm3 - self.first_mm3

    @property
    def relative_volume_difference(self) -> float | None:
        """The same over the volume of the first one; None where that is empty."""
        return self.volume_difference_mm3 / self.first_mm3 if self.first_mm3 else None

    def as_dict(self) -> dict[str, Any]:
        """The agreement as a JSON object."""
        return {name: getattr(self, name) for name in NUMBERS}


def agreement(
    a: Mask,
    b: Mask,
    grid: Grid,
    tolerance_mm: float = TOLERANCE_MM,
    *,
    elements: tuple[SurfaceElements, SurfaceElements] | None = None,
) -> Agreement:
    """Compare two delineations of one structure.

    Args:
        a: The voxels of the first one, ``[k, j, i]``.
        b: Those of the second one.
        grid: Where both lie: oblique, anisotropic or sheared.
        tolerance_mm: Of the surface Dice.
        elements: Their surfaces, where they are known already: of who is compared with several others.

    Returns:
        The numbers. Two empty masks agree; of one empty mask there is no distance, and its surface Dice is 0.

    Raises:
        GridMismatchError: A mask is not of the grid's shape.
        ValueError: The tolerance is negative or not finite.
    """
    require_on_grid(a, grid)
    require_on_grid(b, grid)
    if not (np.isfinite(tolerance_mm) and tolerance_mm >= 0):
        raise ValueError(f"expected a tolerance of 0 mm or more, got {tolerance_mm}")
    box = _box_of_both(a, b)
    if box is not None:
        # What is empty around both says nothing, and takes time.
        a, b, grid = a[box], b[box], grid.within(box)
    first, second = elements or (surface_elements(a, grid), surface_elements(b, grid))
    surfaces = _between(first, second)
    return Agreement(
        dice=dice(a, b),
        jaccard=jaccard(a, b),
        hd_mm=None if surfaces is None else surfaces.hausdorff_mm(),
        hd95_mm=None if surfaces is None else surfaces.hausdorff_mm(ROBUST_PERCENT),
        assd_mm=None if surfaces is None else surfaces.average_mm,
        surface_dice=_surface_dice(surfaces, tolerance_mm, both_empty=box is None),
        tolerance_mm=float(tolerance_mm),
        first_mm3=volume_mm3(a, grid) if box else 0.0,
        second_mm3=volume_mm3(b, grid) if box else 0.0,
    )


def _box_of_both(a: Mask, b: Mask) -> Box | None:
    # One after the other: both at once would be a third array of the image's size.
    boxes = [box for box in map(box_of, (a, b)) if box is not None]
    return box_around(boxes) if boxes else None


def _surface_dice(surfaces: SurfaceAgreement | None, tolerance_mm: float, *, both_empty: bool) -> float:
    if surfaces is not None:
        return surfaces.dice(tolerance_mm)
    return BOTH_EMPTY if both_empty else 0.0


def surface_agreement(a: Mask, b: Mask, grid: Grid) -> SurfaceAgreement | None:
    """How far the surfaces of two masks lie apart; None where one has no voxels.

    Args:
        a: ``[k, j, i]``.
        b: Another one.
        grid: Where both lie.

    Raises:
        GridMismatchError: A mask is not of the grid's shape.
    """
    return _between(surface_elements(a, grid), surface_elements(b, grid))


def _between(first: SurfaceElements, second: SurfaceElements) -> SurfaceAgreement | None:
    if not len(first.areas_mm2) or not len(second.areas_mm2):
        return None
    return SurfaceAgreement(_directed(first, second), _directed(second, first))


def _directed(start: SurfaceElements, goal: SurfaceElements) -> DirectedDistances:
    distances = goal.tree.query(start.points_lps_mm, workers=-1)[0]
    order = np.argsort(distances, kind="stable")
    return DirectedDistances(distances[order], start.areas_mm2[order])
