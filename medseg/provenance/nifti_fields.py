"""The NIfTI header fields that geometry and values depend on: raw bytes → numbers, and where corners lie.

Sources: nifti1.h of 2007 and nifti2.h of 2011 (nifti.nimh.nih.gov); methods 1 to 3 in the former's section
"3D IMAGE (VOLUME) ORIENTATION AND LOCATION IN SPACE". Matrices here are RAS mm, as the file holds them: they
are shown beside what the file says and never meet a Grid.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medseg.errors import SidecarError

_NIFTI_1 = {
    "sizeof_hdr": "i",
    "dim": "8h",
    "datatype": "h",
    "bitpix": "h",
    "pixdim": "8f",
    "scl_slope": "f",
    "scl_inter": "f",
    "xyzt_units": "B",
    "qform_code": "h",
    "quatern_b": "f",
    "quatern_c": "f",
    "quatern_d": "f",
    "qoffset_x": "f",
    "qoffset_y": "f",
    "qoffset_z": "f",
    "sform_code": "h",
    "srow_x": "4f",
    "srow_y": "4f",
    "srow_z": "4f",
    "magic": "4s",
}
_NIFTI_2 = {
    **{name: code.replace("f", "d") for name, code in _NIFTI_1.items()},
    "dim": "8q",
    "xyzt_units": "i",
    "qform_code": "i",
    "sform_code": "i",
}
_FORMATS = {348: _NIFTI_1, 540: _NIFTI_2}
"""The type of each field (codes of the module ``struct``) by ``sizeof_hdr``, which tells the version."""

FIELDS = tuple(_NIFTI_1)
"""Names of the fields, the same in both versions."""

SFORM_FIELDS = ("srow_x", "srow_y", "srow_z")
QFORM_FIELDS = ("quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z")

_MM_PER_UNIT = {1: 1000.0, 2: 1.0, 3: 0.001}
"""NIFTI_UNITS_METER, _MM and _MICRON, the lowest three bits of ``xyzt_units``; anything else counts as mm."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NiftiFields:
    """The covered header fields as numbers.

    Attributes:
        numbers: Each field's numbers; ``magic`` as text.
    """

    numbers: Mapping[str, tuple[Any, ...]]

    @classmethod
    def from_hex(cls, header: Mapping[str, str]) -> NiftiFields:
        """Decode the raw bytes of the fields.

        Args:
            header: Each field's bytes, as they stand in the file, in hexadecimal.

        Raises:
            SidecarError: A field is missing or too long, or ``sizeof_hdr`` is that of no NIfTI version.
        """
        if header.keys() != set(FIELDS):
            raise SidecarError(f"expected the header fields {', '.join(FIELDS)}")
        try:
            raw = {name: bytes.fromhex(digits) for name, digits in header.items()}
            order, formats = _byte_order_and_formats(raw["sizeof_hdr"])
            numbers = {name: struct.unpack(order + formats[name], raw[name]) for name in FIELDS}
        except (ValueError, struct.error) as error:
            raise SidecarError(f"expected the header fields of a NIfTI file: {error}") from error
        return cls({**numbers, "magic": (repr(numbers["magic"][0])[2:-1],)})

    def number(self, field: str) -> float:
        """The number of a field that has only one."""
        return float(self.numbers[field][0])

    def shown(self, field: str) -> Any:
        """A field's numbers for people and JSON: as short as its type allows, not-a-number as text."""
        short = np.float32 if self.numbers["sizeof_hdr"] == (348,) else np.float64
        values = [_shown(value, short) for value in self.numbers[field]]
        return values if len(values) > 1 else values[0]

    def sform(self) -> Matrix:
        """Index (i, j, k) → RAS by the sform (method 3), whatever its code."""
        return np.array([*(self.numbers[name] for name in SFORM_FIELDS), (0, 0, 0, 1)], dtype=np.float64)

    def qform(self) -> Matrix:
        """Index (i, j, k) → RAS by the quaternion (method 2), whatever its code."""
        b, c, d, x, y, z = (self.number(name) for name in QFORM_FIELDS)
        # A quaternion that float32 made a little longer than 1 has no real part.
        a = math.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
        rotation = np.array(
            [
                [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
                [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
                [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
            ]
        )
        qfac, *steps = self.numbers["pixdim"][:4]
        matrix = np.eye(4)
        with np.errstate(all="ignore"):
            matrix[:3, :3] = rotation * np.array([*steps[:2], steps[2] * (-1 if qfac < 0 else 1)])
        matrix[:3, 3] = x, y, z
        return matrix

    def matrices(self) -> dict[str, Matrix]:
        """The matrices that say where the voxels lie: those with a code, else the voxel sizes alone.

        ``governing`` is the one that medseg goes by: the sform before the qform.
        """
        found = {}
        if self.number("sform_code") > 0:
            found["sform"] = self.sform()
        if self.number("qform_code") > 0:
            found["qform"] = self.qform()
        sizes = np.diag([*self.numbers["pixdim"][1:4], 1.0])
        return {**found, "governing": next(iter(found.values()), sizes)}

    def corners(self, index_to_ras: Matrix) -> Matrix:
        """RAS positions in mm of the eight corner voxels, shape ``(8, 3)``."""
        last = np.array(self.numbers["dim"][1:4], dtype=np.float64) - 1
        index = np.array(list(np.ndindex(2, 2, 2))) * last
        unit_mm = _MM_PER_UNIT.get(self.numbers["xyzt_units"][0] & 7, 1.0)
        return np.asarray((index @ index_to_ras[:3, :3].T + index_to_ras[:3, 3]) * unit_mm)


def corner_distance_mm(a: NiftiFields, b: NiftiFields, matrices: list[tuple[Matrix, Matrix]]) -> float | None:
    """Largest distance between corresponding corners under pairs of matrices; None where not finite."""
    with np.errstate(all="ignore"):
        distances = [
            np.linalg.norm(a.corners(of_a) - b.corners(of_b), axis=1).max() for of_a, of_b in matrices
        ]
    largest = float(np.max(distances))
    return largest if math.isfinite(largest) else None


def _byte_order_and_formats(sizeof_hdr: bytes) -> tuple[str, dict[str, str]]:
    for order in "<>":
        size = struct.unpack(order + "i", sizeof_hdr)[0]
        if size in _FORMATS:
            return order, _FORMATS[size]
    raise ValueError(f"sizeof_hdr is {sizeof_hdr.hex()}")


def _shown(value: Any, short: type[np.float32] | type[np.float64]) -> Any:
    if not isinstance(value, float):
        return value
    return float(str(short(value))) if math.isfinite(value) else str(value)
