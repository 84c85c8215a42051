"""What edits require: contours of one plane and one structure, and amounts that are numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from medseg.contour.contour import Contour
from medseg.contour.coplanar import are_coplanar
from medseg.errors import ContourError


def together(contours: Iterable[Contour]) -> tuple[Contour, ...]:
    """The contours, which must be of one structure and on one plane.

    Raises:
        ContourError: They are not.
    """
    group = tuple(contours)
    names = list(dict.fromkeys(contour.structure_id for contour in group))
    if len(names) > 1:
        raise ContourError(
            f"expected contours of one structure, got those of {', '.join(map(repr, names))}",
            hint="edit each structure by itself, or take a copy of one `with_structure` of the other",
            structure_ids=names,
        )
    for contour in group[1:]:
        if contour.plane is not group[0].plane and not are_coplanar(contour, group[0]):
            distance_mm = np.abs(group[0].plane.distance_mm(contour.points_lps_mm)).max()
            raise ContourError(
                f"expected contours on one plane, but one lies up to {distance_mm:.3g} mm off another's",
                hint="edit the contours of each plane by themselves",
                max_mm=float(distance_mm),
            )
    return group


def finite(value: float, what: str) -> float:
    """A number that must be finite.

    Raises:
        ContourError: It is not.
    """
    if not math.isfinite(value):
        raise ContourError(f"expected {what} to be a finite number of mm, got {value}")
    return float(value)


def positive(value: float, what: str) -> float:
    """A number that must be finite and above 0.

    Raises:
        ContourError: It is not.
    """
    if not finite(value, what) > 0:
        raise ContourError(f"expected {what} to be above 0 mm, got {value}")
    return float(value)


def pair(values: Sequence[float] | npt.NDArray[np.float64], what: str) -> npt.NDArray[np.float64]:
    """A point or vector ``(u, v)`` that must be finite.

    Raises:
        ContourError: It is not.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (2,) or not np.isfinite(array).all():
        raise ContourError(f"expected {what} to be two finite numbers of mm (u, v), got {values}")
    return array
