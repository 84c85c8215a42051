"""Contour Data (3006,0050): decimal strings ↔ points in patient mm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from medseg.errors import ContourError, UnreadableFileError

if TYPE_CHECKING:
    from pydicom import Dataset

Points = npt.NDArray[np.float64]

DECIMALS = 10
MAX_COORDINATE_MM = 9999.0
"""A decimal string has 16 characters (PS3.5 6.2): a sign, four digits, the point and ten decimals.

A patient is never ten metres from the origin.
"""


@dataclass(frozen=True)
class StoredContour:
    """An item of the Contour Sequence, as the file has it.

    Attributes:
        kind: Contour Geometric Type; empty where the file does not say.
        text: Contour Data, numbers between backslashes; None where there is none.
        announced_points: Number of Contour Points; None where the file does not say.
    """

    kind: str
    text: bytes | None
    announced_points: int | None


def stored_contour(item: Dataset) -> StoredContour:
    """Take what is needed from an item of the Contour Sequence.

    Raises:
        Exception: One of pydicom's, where an element is damaged.
    """
    from pydicom.dataelem import RawDataElement

    element = item.get_item("ContourData")
    # As bytes: one object a number, as pydicom makes them, takes two hundred times as long.
    text = element.value if isinstance(element, RawDataElement) else None
    announced = item.get("NumberOfContourPoints")
    return StoredContour(
        str(item.get("ContourGeometricType") or "").strip(),
        bytes(text) if text is not None else None,
        int(announced) if announced is not None else None,
    )


def points_of(contour: StoredContour, where: str) -> Points:
    """The points of a contour, shape ``(n, 3)`` in LPS mm.

    Args:
        contour: The contour.
        where: Names it in messages.

    Raises:
        UnreadableFileError: The coordinates are missing, not numbers, or not three a point.
    """
    values = _numbers(contour, where)
    if values.size % 3:
        raise _damaged(f"{where} has {values.size} coordinates, which are not three a point", "coordinates")
    if not np.isfinite(values).all():
        raise _damaged(f"{where} has coordinates that are no finite numbers", "not-finite")
    points = values.reshape(-1, 3)
    announced = contour.announced_points
    if announced is not None and announced != len(points):
        raise _damaged(f"{where} announces {announced} points and holds {len(points)}", "point-count")
    return points


def text_of(points_lps_mm: Points) -> str:
    """Contour Data of points: decimal strings between backslashes, rounded by 5e-11 mm at most.

    Raises:
        ContourError: A coordinate does not fit into 16 characters with ten decimals.
    """
    values = np.asarray(points_lps_mm, dtype=np.float64).ravel()
    if values.size and np.abs(values).max() >= MAX_COORDINATE_MM:
        raise ContourError(
            f"expected coordinates below {MAX_COORDINATE_MM:g} mm, got {np.abs(values).max():g}",
            hint="is the contour in millimetres?",
            reason="far-away",
        )
    return "\\".join(_shortest(f"{value:.{DECIMALS}f}") for value in values.tolist())


def _shortest(text: str) -> str:
    text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _numbers(contour: StoredContour, where: str) -> Points:
    if contour.text is None:
        raise _damaged(f"{where} has no coordinates", "coordinates")
    text = contour.text.rstrip(b" \0")
    try:
        return np.array(text.decode("ascii").split("\\"), dtype=np.float64) if text else np.empty(0)
    except ValueError as error:
        raise _damaged(f"{where} has coordinates that are no numbers", "coordinates") from error


def _damaged(message: str, reason: str) -> UnreadableFileError:
    return UnreadableFileError(message, hint="export it again from the program that made it", reason=reason)
