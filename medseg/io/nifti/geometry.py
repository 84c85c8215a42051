"""NIfTI header ↔ Grid. The sform is the truth; see docs/decisions."""

from __future__ import annotations

from typing import Any

import numpy as np

from medseg.errors import GeometryError, UnsupportedImageError
from medseg.io.nifti.header import MAX_VOXELS_PER_AXIS, UNITS_MM, Header
from medseg.io.nifti.quaternion import (
    FloatArray,
    bcd_from_rotation,
    nearest_rotation,
    rotation_from_bcd,
    rotations_as_read,
)
from medseg.space import FLOAT32_TOLERANCE_MM, GEOMETRY_TOLERANCE_MM, Grid
from medseg.space.handedness import ijk_to_ras_from_kji_to_lps, kji_to_lps_from_ijk_to_ras

FORMS_AGREE_MM = 1e-3
"""Up to this distance at the corners sform and qform say the same; float32 quaternions lose that much."""

MAX_NUMBER = 1e9
"""An orientation with larger numbers, in whatever unit, is damage and no place in a scanner."""

_MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
"""Unknown, metre, millimetre and micrometre, by their codes in nifti1.h."""

_LENGTH_BITS = 0b111
_UNIT_CODES = range(64)
"""``xyzt_units`` has three bits for length and three for time."""

_CODE_SCANNER = 1
_CODES = range(6)
"""NIFTI_XFORM_UNKNOWN to NIFTI_XFORM_TEMPLATE_OTHER."""


def grid_from_header(header: Header) -> tuple[Grid, list[str]]:
    """Read where the voxels lie.

    Args:
        header: The header of an image of three dimensions or more; the first three are the grid's.

    Returns:
        The grid, and what a careful user should know about it.

    Raises:
        UnsupportedImageError: The header holds neither an sform nor a qform: where the voxels lie in the
            patient can't be known. Or the unit of length is none that NIfTI knows.
        GeometryError: The matrix is not finite or has no three independent axes, or an orientation that is
            there can't be read.
    """
    mm_per_unit, warnings = _unit_of_length(header)
    sform, qform = _sform(header), _qform(header)
    chosen = qform if sform is None else sform
    if chosen is None:
        raise UnsupportedImageError(
            "expected an sform or a qform, but both codes are 0: the file does not say where its voxels "
            "lie in the patient",
            hint="convert the image anew from its DICOM series",
            reason="no-orientation",
        )
    grid = _grid(header, chosen, mm_per_unit)
    if sform is not None and qform is not None:
        apart_mm = grid.max_corner_distance_mm(_grid(header, qform, mm_per_unit))
        if apart_mm > FORMS_AGREE_MM:
            warnings.append(f"sform and qform disagree by up to {apart_mm:.4g} mm; the sform was taken")
    elif qform is None:
        warnings += _voxel_size_warnings(header, grid, mm_per_unit)
    return grid, warnings


def _unit_of_length(header: Header) -> tuple[float, list[str]]:
    units = header.whole("xyzt_units")
    code = units & _LENGTH_BITS
    if units not in _UNIT_CODES or code not in _MM_PER_UNIT:
        raise UnsupportedImageError(
            f"expected a unit of length in xyzt_units, found the code {units}", reason="unit"
        )
    unnamed = ["the header names no unit of length; millimetres are assumed"]
    return _MM_PER_UNIT[code], [] if code else unnamed


def _grid(header: Header, index_to_ras: FloatArray, mm_per_unit: float) -> Grid:
    if not (np.abs(index_to_ras) < MAX_NUMBER).all():  # a comparison with NaN is false
        raise GeometryError(
            "expected an orientation of finite, possible numbers, found "
            f"{index_to_ras[:3].tolist()} (i, j, k → RAS)",
            reason="orientation",
        )
    shape_kji = header.shape[2::-1]
    scale = np.diag([mm_per_unit] * 3 + [1.0])
    return Grid(shape_kji, kji_to_lps_from_ijk_to_ras(scale @ index_to_ras))  # type: ignore[arg-type]


def _sform(header: Header) -> FloatArray | None:
    """Index (i, j, k) → RAS by method 3 of nifti1.h, in the header's unit."""
    if not _is_coded(header, "sform_code"):
        return None
    rows = [header.numbers(row) for row in ("srow_x", "srow_y", "srow_z")]
    return np.array([*rows, (0, 0, 0, 1)], dtype=np.float64)


def _qform(header: Header) -> FloatArray | None:
    """Index (i, j, k) → RAS by method 2 of nifti1.h, in the header's unit."""
    if not _is_coded(header, "qform_code"):
        return None
    qfac, *steps = header.numbers("pixdim")[:4]
    if not all(0 < step < MAX_NUMBER for step in steps):
        raise GeometryError(f"expected positive voxel sizes, found pixdim {steps}", reason="voxel-size")
    if qfac not in (-1, 0, 1):  # nifti1.h: 0 means 1
        raise GeometryError(f"expected -1 or 1 as pixdim[0], found {qfac:g}", reason="orientation")
    try:
        rotation = rotation_from_bcd(*(header.number(f"quatern_{letter}") for letter in "bcd"))
    except ValueError as error:
        raise GeometryError(f"the qform can't be read: {error}", reason="orientation") from error
    offset = [header.number(f"qoffset_{letter}") for letter in "xyz"]
    return _method_2(rotation, steps, qfac, offset)


def _method_2(rotation: FloatArray, steps: list[float], qfac: float, offset: list[float]) -> FloatArray:
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * np.array([*steps[:2], -steps[2] if qfac < 0 else steps[2]])
    matrix[:3, 3] = offset
    return matrix


def _is_coded(header: Header, field: str) -> bool:
    code = header.whole(field)
    if code not in _CODES:
        raise GeometryError(f"expected a {field} of 0 to 5, found {code}", reason="orientation")
    return code > 0


def _voxel_size_warnings(header: Header, grid: Grid, mm_per_unit: float) -> list[str]:
    """Some programs take the voxel sizes of ``pixdim``, which an sform alone leaves without meaning."""
    sizes_mm = np.array(header.numbers("pixdim")[1:4]) * mm_per_unit
    spacing_ijk_mm = np.array(grid.spacing_kji_mm[::-1])
    last = np.array(header.shape[:3]) - 1
    with np.errstate(all="ignore"):
        apart_mm = np.linalg.norm((sizes_mm - spacing_ijk_mm) * last)
    if apart_mm <= FORMS_AGREE_MM:
        return []
    shown = " × ".join(f"{size:.4g}" for size in sizes_mm)
    return [f"pixdim gives voxels of {shown} mm, off by {apart_mm:.4g} mm at a corner; the sform was taken"]


def grid_fields(grid: Grid) -> dict[str, Any]:
    """The header fields that say where voxels lie: the sform always, the qform where it says the same.

    Raises:
        GeometryError: The header's float32 numbers can't hold the grid within
            :data:`~medseg.space.FLOAT32_TOLERANCE_MM`, or it has more voxels along an axis than NIfTI-1 can
            say.
    """
    if max(grid.shape_kji) > MAX_VOXELS_PER_AXIS:
        raise GeometryError(
            f"NIfTI-1 holds at most {MAX_VOXELS_PER_AXIS} voxels along an axis, got {grid.shape_kji}",
            reason="too-large",
        )
    matrix = ijk_to_ras_from_kji_to_lps(grid.index_to_lps_mm)
    with np.errstate(over="ignore"):
        sform = matrix[:3].astype(np.float32)
    lost_mm = _corner_distance_mm(grid, matrix[:3], sform)
    if not lost_mm <= FLOAT32_TOLERANCE_MM:  # a comparison with NaN is false
        raise GeometryError(
            f"NIfTI's float32 header would move a corner by {lost_mm:.3g} mm",
            hint="the image lies implausibly far from the origin of its frame of reference",
            reason="float32",
            max_mm=lost_mm,
        )
    return {
        "xyzt_units": UNITS_MM,
        "sform_code": _CODE_SCANNER,
        **dict(zip(("srow_x", "srow_y", "srow_z"), sform, strict=True)),
        **_qform_fields(grid, matrix, sform),
    }


def _qform_fields(grid: Grid, matrix: FloatArray, sform: Any) -> dict[str, Any]:
    directions = matrix[:3, :3] / grid.spacing_kji_mm[::-1]
    qfac = -1.0 if np.linalg.det(directions) < 0 else 1.0
    rotation = nearest_rotation(directions * [1, 1, qfac])
    steps = np.array(grid.spacing_kji_mm[::-1], dtype=np.float32).tolist()
    bcd = np.array(bcd_from_rotation(rotation), dtype=np.float32).tolist()
    offset = sform[:, 3].tolist()
    fields: dict[str, Any] = {"pixdim": [qfac, *steps, 1, 1, 1, 1], "qform_code": 0}
    for as_read in rotations_as_read(*bcd):
        qform = _method_2(as_read, steps, qfac, offset)
        if _corner_distance_mm(grid, qform[:3], sform) > GEOMETRY_TOLERANCE_MM:
            # A quaternion can't hold shear, and a float32 one rounds: better none than a second truth.
            return fields
    names = ("quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z")
    return {**fields, "qform_code": _CODE_SCANNER, **dict(zip(names, [*bcd, *offset], strict=True))}


def _corner_distance_mm(grid: Grid, a: Any, b: Any) -> float:
    """Largest distance between the corners of a grid under two 3×4 matrices of (i, j, k)."""
    corners_ijk = np.array(list(np.ndindex(2, 2, 2))) * (np.array(grid.shape_kji[::-1]) - 1)
    homogeneous = np.column_stack([corners_ijk, np.ones(8)])
    with np.errstate(all="ignore"):
        moved = homogeneous @ (np.asarray(a, np.float64) - np.asarray(b, np.float64)).T
        return float(np.linalg.norm(moved, axis=1).max())
