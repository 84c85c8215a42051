"""A number that was measured: what it is, its unit, and how it was determined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Point = tuple[float, float, float]
"""A place in the patient, LPS mm."""


@dataclass(frozen=True)
class Line:
    """Where a distance was measured.

    Attributes:
        start_lps_mm: One end.
        end_lps_mm: The other one.
        slice_axis: Axis of the array (0, 1, 2 for k, j, i) that the slice with the line is normal to; None
            for a line that lies in no slice.
        slice_index: Index of that slice; None likewise.
    """

    start_lps_mm: Point
    end_lps_mm: Point
    slice_axis: int | None = None
    slice_index: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The line as a JSON object."""
        return {
            "start_lps_mm": list(self.start_lps_mm),
            "end_lps_mm": list(self.end_lps_mm),
            "slice_axis": self.slice_axis,
            "slice_index": self.slice_index,
        }


@dataclass(frozen=True)
class Measured:
    """One number of one structure.

    Attributes:
        concept: What it is, such as ``volume-mesh``; a key of :data:`medseg.measurement.concepts.CONCEPTS`,
            which holds its words, unit, source and codes.
        value: The number; None where it is not defined, such as the flatness of a single voxel.
        line: Where it was measured; of distances alone.
        parameters: What it depends on besides the voxels, such as ``{"threshold": 2.5, "unit": "SUVbw"}``.
        unit: Only where it is not that of the concept: an intensity has the unit of its image (UCUM).
    """

    concept: str
    value: float | None
    line: Line | None = None
    parameters: tuple[tuple[str, str | float], ...] = ()
    unit: str | None = None
