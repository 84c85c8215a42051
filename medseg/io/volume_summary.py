"""VolumeSummary: an image in a few words, as ``medseg inspect`` and a manifest show it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from medseg.space import Grid
from medseg.volume import SeriesAxis
from medseg.volume.volume import Quantity


def printable(text: str) -> str:
    """Text that UTF-8 can hold: odd bytes of a file name become their escape sequences."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Status(StrEnum):
    """What becomes of a series."""

    CONVERTIBLE = "convertible"
    """It can be read."""
    CONVERTED = "converted"
    """It was read and written."""
    REFUSED = "refused"
    """An image that can't be read as one volume."""
    SKIPPED = "skipped"
    """Nothing to convert: no image, or one that was made for planning only (a localizer)."""


@dataclass(frozen=True)
class Geometry:
    """A grid in numbers.

    Attributes:
        shape_kji: Voxels along slice, row and column.
        spacing_kji_mm: Distance between neighbouring voxel centres.
        residual_mm: Largest distance of a voxel from where its own slice's header puts it; None where
            the format has one header for all slices.
        shear: Largest cosine between two axes: 0 for right angles, sin(tilt) for a tilted gantry.
    """

    shape_kji: tuple[int, int, int]
    spacing_kji_mm: tuple[float, float, float]
    residual_mm: float | None
    shear: float

    @classmethod
    def of(cls, grid: Grid, residual_mm: float | None = None) -> Geometry:
        """The numbers of a grid."""
        return cls(grid.shape_kji, grid.spacing_kji_mm, residual_mm, grid.shear)

    def as_dict(self) -> dict[str, object]:
        """JSON value."""
        return {
            "shape_kji": list(self.shape_kji),
            "spacing_kji_mm": list(self.spacing_kji_mm),
            "residual_mm": self.residual_mm,
            "shear": self.shear,
        }


@dataclass(frozen=True)
class VolumeSummary:
    """An image, or a series that is none.

    Attributes:
        id: Name within one inspection or manifest. That of a DICOM series says nothing about the patient;
            that of a NIfTI image is its file name, whatever that gives away.
        status: What becomes of it.
        frames: Number of 2-D images; 0 if it is unknown.
        reason: Why it is refused or skipped: a stable word.
        message: The same as a sentence, with the numbers.
        axis: What differs between the volumes of a 4-D image; None for a 3-D one.
        axis_values: Where on it each volume lies.
        output: File name that it was written to, if it was.
    """

    id: str
    status: Status
    frames: int
    series_uid: str | None = None
    modality: str = ""
    reason: str | None = None
    message: str = ""
    geometry: Geometry | None = None
    axis: SeriesAxis | None = None
    axis_values: tuple[float, ...] = ()
    quantity: Quantity | None = None
    warnings: tuple[str, ...] = ()
    output: str | None = None

    def as_dict(self, *, with_output: bool = False) -> dict[str, object]:
        """JSON value; ``output`` belongs to a manifest only."""
        entry: dict[str, object] = {
            "id": self.id,
            "series_uid": self.series_uid,
            "modality": self.modality,
            "status": self.status.value,
            "reason": self.reason,
            "message": self.message,
            "geometry": self.geometry.as_dict() if self.geometry else None,
            "axis": self._axis(),
            "quantity": self.quantity.value if self.quantity else None,
            "unit": self.quantity.unit if self.quantity else None,
            "frames": self.frames,
            "warnings": list(self.warnings),
        }
        return entry | {"output": self.output} if with_output else entry

    def _axis(self) -> dict[str, object] | None:
        if self.axis is None:
            return None
        return {"name": self.axis.value, "unit": self.axis.unit, "values": list(self.axis_values)}
